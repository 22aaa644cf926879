//! Skimming: which frames a server sent, without keeping what is in them.

/// A frame that came whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub opcode: u8,
    pub length: u64,
    /// The first byte of its payload; 0 where it is empty.
    pub first: u8,
}

/// Where one socket stands in the stream of its server's frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct Skim {
    head: [u8; 10],
    /// Bytes of the head that are here.
    have: u8,
    /// Bytes of the payload that are not.
    left: u64,
    in_payload: bool,
    first: u8,
}

impl Skim {
    /// Goes over what came. `on` hears of every frame that ends in it.
    pub fn feed(&mut self, mut bytes: &[u8], mut on: impl FnMut(Seen)) {
        loop {
            if self.in_payload {
                let part = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                let (payload, rest) = bytes.split_at(part);
                if self.left == self.length()
                    && let Some(first) = payload.first()
                {
                    self.first = *first;
                }
                self.left -= part as u64;
                bytes = rest;
                if self.left > 0 {
                    return;
                }
                on(Seen { opcode: self.head[0] & 0x0f, length: self.length(), first: self.first });
                *self = Self::default();
            }
            let Some((byte, rest)) = bytes.split_first() else { return };
            bytes = rest;
            self.head[usize::from(self.have)] = *byte;
            self.have += 1;
            if self.have >= 2 && self.have == self.head_len() {
                self.left = self.length();
                self.in_payload = true;
            }
        }
    }

    fn head_len(&self) -> u8 {
        match self.head[1] & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        }
    }

    fn length(&self) -> u64 {
        let wide = |from: usize| self.head[2..from].iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        match self.head[1] & 0x7f {
            126 => wide(4),
            127 => wide(10),
            short => short.into(),
        }
    }
}

/// A client's frame: masked, with a mask that hides nothing.
pub fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | short as u8),
        long => {
            bytes.push(0x80 | 126);
            bytes.extend((long as u16).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

/// A server's text frame.
pub fn unmasked(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match text.len() {
        short @ 0..126 => bytes.push(short as u8),
        long => {
            bytes.push(126);
            bytes.extend((long as u16).to_be_bytes());
        }
    }
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(chunks: &[&[u8]]) -> Vec<(u8, u64, u8)> {
        let (mut skim, mut seen) = (Skim::default(), vec![]);
        for chunk in chunks {
            skim.feed(chunk, |frame| seen.push((frame.opcode, frame.length, frame.first)));
        }
        seen
    }

    #[test]
    fn frames_are_seen_however_they_come() {
        let huge = [&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0][..], &[9; 65_536]].concat();
        let bytes = [unmasked("hello"), vec![0x89, 0], unmasked(&"x".repeat(300)), huge, unmasked("")].concat();
        let all = vec![(1, 5, b'h'), (9, 0, 0), (1, 300, b'x'), (2, 65_536, 9), (1, 0, 0)];
        assert_eq!(seen(&[&bytes]), all);
        for size in [1, 2, 3, 7, 1000] {
            assert_eq!(seen(&bytes.chunks(size).collect::<Vec<_>>()), all, "in chunks of {size}");
        }
    }
}
