//! POOLRESP. POOLREQ, UPDREQ, UPDREQALL and UPDDONE keep no options and need no type.

use crate::read::OptionReader;
use crate::write::MessageWriter;
use crate::{DecodeError, OptionCode};

/// POOLRESP: the answer to a POOLREQ \[draft-12 §7.7\].
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PoolResponse {
    /// How many addresses the sender is about to hand over, each by its own BNDUPD. ISC always sends it and only logs it.
    pub addresses_transferred: Option<u32>,
}

impl PoolResponse {
    pub(crate) fn decode(options: &mut OptionReader<'_>) -> Result<Self, DecodeError> {
        let mut body = Self::default();
        while let Some(option) = options.next_kept()? {
            match option.code {
                OptionCode::ADDRESSES_TRANSFERRED => {
                    body.addresses_transferred = Some(option.u32());
                }
                _ => options.carry(&option),
            }
        }
        Ok(body)
    }

    pub(crate) fn encode(&self, out: &mut MessageWriter<'_>) {
        out.u32(
            OptionCode::ADDRESSES_TRANSFERRED,
            self.addresses_transferred,
        );
    }
}
