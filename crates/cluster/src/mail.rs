//! The mail queue in SQS.
