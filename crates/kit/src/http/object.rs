//! The object: a member of a body that is one in JSON too, never a list that fills its fields by position.
//!
//! `#[serde(deserialize_with = "object::one")]`, `option` or `list`, on every member whose type is a struct of ours.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

pub fn one<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Object::deserialize(from).map(|Object(value)| value)
}

/// `null` is `None`. With `#[serde(default)]` where the member may be left out.
pub fn option<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::<Object<T>>::deserialize(from).map(|object| object.map(|Object(value)| value))
}

pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Vec::<Object<T>>::deserialize(from).map(|objects| objects.into_iter().map(|Object(value)| value).collect())
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Only(PhantomData)).map(Object)
    }
}

struct Only<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Price {
        amount: i64,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Plan {
        #[serde(deserialize_with = "one")]
        price: Price,
        #[serde(default, deserialize_with = "option")]
        before: Option<Price>,
        #[serde(default, deserialize_with = "list")]
        more: Vec<Price>,
    }

    fn read(text: &str) -> Result<Plan, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn objects_are_read_as_ever() {
        let price = |amount| Price { amount };
        let whole = read(r#"{"price":{"amount":1},"before":{"amount":2},"more":[{"amount":3}]}"#);
        assert_eq!(whole, Ok(Plan { price: price(1), before: Some(price(2)), more: vec![price(3)] }));
        let least = read(r#"{"price":{"amount":1},"before":null}"#);
        assert_eq!(least, Ok(Plan { price: price(1), before: None, more: vec![] }));
        for wrong in [r#"{"price":{"amount":1,"x":2}}"#, r#"{"price":{"amount":1,"amount":2}}"#, r#"{"price":{}}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_in_the_place_of_an_object_is_refused() {
        for wrong in
            [r#"{"price":[1]}"#, r#"{"price":{"amount":1},"before":[1]}"#, r#"{"price":{"amount":1},"more":[[1]]}"#]
        {
            assert!(read(wrong).unwrap_err().contains("expected an object"), "{wrong}");
        }
    }
}
