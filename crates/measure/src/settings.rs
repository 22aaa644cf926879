//! The settings of a measured house: a thousand buyers come from few addresses, and each claims many things.

/// More than anybody can do: the limit still counts, and refuses nobody.
const NO_LIMIT: u32 = 1_000_000;
/// More than an honest buyer of any run claims. Who never stops is refused soon: that is measured too.
pub const CLAIMS_BURST: u32 = 100;
const CLAIMS_PER_S: u32 = 1;

/// What every publisher of it is told beyond the defaults, as the environment says it.
pub fn settings() -> [(&'static str, String); 6] {
    [
        ("MIAOSHA_PUBLISHER__ACCEPT__CLAIMS_BURST", CLAIMS_BURST),
        ("MIAOSHA_PUBLISHER__ACCEPT__CLAIMS_PER_S", CLAIMS_PER_S),
        ("MIAOSHA_PUBLISHER__ACCEPT__ADDRESS_CLAIMS_BURST", NO_LIMIT),
        ("MIAOSHA_PUBLISHER__ACCEPT__ADDRESS_CLAIMS_PER_S", NO_LIMIT),
        ("MIAOSHA_PUBLISHER__PUSH__FRAMES_BURST", NO_LIMIT),
        ("MIAOSHA_PUBLISHER__PUSH__FRAMES_PER_S", NO_LIMIT),
    ]
    .map(|(name, value)| (name, value.to_string()))
}
