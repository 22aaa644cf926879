//! Reading a message: what it says, or why nobody can read it.

use sale::port::queue::{Message, partition_of};

/// A stored message of this partition.
pub(super) fn read(body: &[u8], partition: u32, partitions: u32) -> Result<Message, String> {
    let message: Message = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if message.commands.iter().any(|command| command.claim().sale_item_id != message.sale_item_id) {
        return Err("a command is of another sale item than its message".to_owned());
    }
    if partition_of(message.sale_item_id, partitions) != partition {
        // Nothing overtakes inside an item only while one partition has all of it.
        return Err("the message lies in another item's partition".to_owned());
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sale::{
        claim::{Claim, Command},
        ids::{SaleItemId, UserId},
        time::UnixMs,
    };
    use uuid::Uuid;

    fn body(message_of: u128, command_of: u128) -> Vec<u8> {
        let item = |n| SaleItemId(Uuid::from_u128(n));
        let claim = Claim::new(item(command_of), UserId(Uuid::from_u128(9)), 1, 1, UnixMs(0));
        let message = Message::new(item(message_of), vec![Command::Claim(claim)]);
        serde_json::to_vec(&message).unwrap_or_default()
    }

    #[test]
    fn only_what_belongs_here_is_read() {
        assert!(read(&body(4, 4), 0, 4).is_ok());
        assert!(read(&body(4, 4), 1, 4).is_err(), "another item's partition");
        assert!(read(&body(4, 8), 0, 4).is_err(), "another item's command");
        assert!(read(b"{}", 0, 4).is_err());
    }
}
