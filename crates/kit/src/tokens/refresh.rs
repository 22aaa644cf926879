//! The refresh secret: what a client keeps, and the hash of it that we keep.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sale::port::chance::Chance;
use sha2::{Digest, Sha256};

/// A new secret for the client, and its SHA-256 for the store. 256 random bits need no slow hash.
pub fn refresh_secret(chance: &dyn Chance) -> (String, [u8; 32]) {
    let mut random = [0; 32];
    chance.fill(&mut random);
    let plain = URL_SAFE_NO_PAD.encode(random);
    let hash = hash_refresh(&plain);
    (plain, hash)
}

/// What is stored for a secret. Looked up by equality: a hash tells a guesser nothing about its neighbours.
pub fn hash_refresh(plain: &str) -> [u8; 32] {
    Sha256::digest(plain.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeedChance;

    #[test]
    fn the_hash_of_what_the_client_brings_back_is_the_one_stored() {
        let chance = SeedChance::new(1);
        let (plain, stored) = refresh_secret(&chance);
        assert_eq!(hash_refresh(&plain), stored);
        assert_eq!(plain.len(), 43);
        assert_ne!(refresh_secret(&chance).1, stored);
    }
}
