//! Values: what a statement is asked with, the same for every database.

use sale::time::UnixMs;
use sqlx::{Database, Encode, IntoArguments, SqlSafeStr, Type, query::Query};
use uuid::Uuid;

/// One bind value; each knows its type even where it is absent.
#[derive(Clone, Debug)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Id(Option<Uuid>),
    Bytes(Vec<u8>),
}

impl Value {
    /// Nothing, of the same type. Bytes are always there.
    pub(super) fn absent(&self) -> Self {
        match self {
            Self::Int(_) => Self::Int(None),
            Self::Text(_) => Self::Text(None),
            Self::Id(_) => Self::Id(None),
            Self::Bytes(bytes) => Self::Bytes(bytes.clone()),
        }
    }
}

macro_rules! value_from {
    ($($from:ty => |$x:ident| $to:expr),+ $(,)?) => {$(
        impl From<$from> for Value { fn from($x: $from) -> Self { $to } }
    )+};
}
value_from! {
    i64 => |x| Self::Int(Some(x)),
    u32 => |x| Self::Int(Some(x.into())),
    UnixMs => |x| Self::Int(Some(x.0)),
    Option<i64> => |x| Self::Int(x),
    Option<UnixMs> => |x| Self::Int(x.map(|t| t.0)),
    &str => |x| Self::Text(Some(x.to_owned())),
    &String => |x| Self::Text(Some(x.clone())),
    String => |x| Self::Text(Some(x)),
    Option<String> => |x| Self::Text(x),
    Option<&str> => |x| Self::Text(x.map(str::to_owned)),
    Uuid => |x| Self::Id(Some(x)),
    Option<Uuid> => |x| Self::Id(x),
    sale::ids::UserId => |x| Self::Id(Some(x.0)),
    sale::ids::SaleId => |x| Self::Id(Some(x.0)),
    sale::ids::SaleItemId => |x| Self::Id(Some(x.0)),
    sale::ids::ProductId => |x| Self::Id(Some(x.0)),
    sale::ids::ClaimId => |x| Self::Id(Some(x.0)),
    sale::ids::OrderId => |x| Self::Id(Some(x.0)),
    [u8; 32] => |x| Self::Bytes(x.to_vec()),
}

/// The statement with its values, for whichever database will run it.
pub(super) fn bind<DB: Database>(sql: impl SqlSafeStr, args: Vec<Value>) -> Query<'static, DB, DB::Arguments>
where
    DB::Arguments: IntoArguments<DB>,
    Option<i64>: for<'q> Encode<'q, DB> + Type<DB>,
    Option<String>: for<'q> Encode<'q, DB> + Type<DB>,
    Option<Uuid>: for<'q> Encode<'q, DB> + Type<DB>,
    Vec<u8>: for<'q> Encode<'q, DB> + Type<DB>,
{
    args.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Int(x) => query.bind(x),
        Value::Text(x) => query.bind(x),
        Value::Id(x) => query.bind(x),
        Value::Bytes(x) => query.bind(x),
    })
}
