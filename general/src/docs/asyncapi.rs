//! AsyncAPI: the socket's document, and a page that people can read, rendered from it once.

use axum::{Router, routing::get};
use serde_json::{Map, Value};

use super::{
    asset,
    html::{answer, escape, marked, page, scrolls},
};

/// How deep references to references are followed; a document that goes round in circles ends there.
const DEPTH_MAX: usize = 8;

pub fn router(json: &'static str) -> Router {
    // Rendered once: the document changes with the binary alone.
    let page = render(json);
    Router::new()
        .route("/docs/asyncapi.json", get(move || async move { asset("application/json", json) }))
        .route("/docs/asyncapi", get(move || async move { answer(page.clone()) }))
}

fn render(json: &str) -> String {
    let root: Value = serde_json::from_str(json).unwrap_or_default();
    let doc = Doc { root: &root };
    let title = text(&root["info"], "title").unwrap_or("The socket");
    let mut body = paragraph(text(&root["info"], "description"));
    body.push_str("<p><a href=\"/docs/asyncapi.json\">The AsyncAPI file</a></p>\n");
    for (name, channel) in members(&root["channels"]) {
        body.push_str(&doc.channel(name, channel));
    }
    for (name, operation) in members(&root["operations"]) {
        body.push_str(&doc.operation(name, operation));
    }
    page(title, &body)
}

struct Doc<'a> {
    root: &'a Value,
}

impl<'a> Doc<'a> {
    fn channel(&self, name: &str, channel: &'a Value) -> String {
        let address = text(channel, "address").unwrap_or(name);
        format!("<h2>{}</h2>\n{}", code(address), paragraph(text(channel, "description")))
    }

    fn operation(&self, name: &str, operation: &'a Value) -> String {
        // The document speaks from the server's side; readers are clients.
        let way = match text(operation, "action") {
            Some("receive") => "client → server",
            Some("send") => "server → client",
            _ => "",
        };
        let title = text(operation, "title").unwrap_or(name);
        let mut out = format!("<h2>{} <span class=\"way\">{way}</span></h2>\n", escape(title));
        out.push_str(&paragraph(text(operation, "summary")));
        out.push_str(&paragraph(text(operation, "description")));
        for message in each(&operation["messages"]) {
            out.push_str(&self.message(name, self.follow(message)));
        }
        out
    }

    fn message(&self, operation: &str, message: &'a Value) -> String {
        let name = text(message, "name").or(text(message, "title")).unwrap_or("message");
        let mut out = format!("<h3 id=\"{}-{}\">{}</h3>\n", escape(operation), escape(name), code(name));
        out.push_str(&paragraph(text(message, "summary")));
        out.push_str(&paragraph(text(message, "description")));
        out.push_str(&self.fields(name, self.follow(&message["payload"])));
        for example in each(&message["examples"]) {
            let payload = example.get("payload").unwrap_or(example);
            let pretty = serde_json::to_string_pretty(payload).unwrap_or_default();
            let attributes = scrolls(&format!("Example of {name}"));
            out.push_str(&format!("<pre {attributes}>{}</pre>\n", escape(&pretty)));
        }
        out
    }

    fn fields(&self, message: &str, schema: &'a Value) -> String {
        let (properties, required) = self.properties(schema, 0);
        if properties.is_empty() {
            return String::new();
        }
        let row = |(name, schema): &(&str, &'a Value)| {
            let must = if required.contains(name) { "yes" } else { "" };
            let said = self.follow(schema);
            let description = text(schema, "description").or(text(said, "description")).unwrap_or_default();
            let kind = self.kind(schema, 0);
            format!(
                "<tr><td>{}</td><td>{}</td><td>{must}</td><td>{}</td></tr>\n",
                code(name),
                escape(&kind),
                marked(description)
            )
        };
        let rows: String = properties.iter().map(row).collect();
        format!(
            "<div class=\"wide\" {}>\n<table>\n<thead><tr><th>Field</th><th>Type</th><th>Always</th><th>Meaning</th></tr></thead>\n\
             <tbody>\n{rows}</tbody>\n</table>\n</div>\n",
            scrolls(&format!("Fields of {message}"))
        )
    }

    /// A schema's own members and those of what it is composed of.
    fn properties(&self, schema: &'a Value, depth: usize) -> (Vec<(&'a str, &'a Value)>, Vec<&'a str>) {
        let mut all: Vec<_> = members(&schema["properties"]).collect();
        let mut required: Vec<_> = each(&schema["required"]).filter_map(Value::as_str).collect();
        if depth < DEPTH_MAX {
            for part in each(&schema["allOf"]) {
                let (properties, names) = self.properties(self.follow(part), depth + 1);
                all.extend(properties);
                required.extend(names);
            }
        }
        (all, required)
    }

    fn kind(&self, schema: &'a Value, depth: usize) -> String {
        let schema = self.follow(schema);
        if depth >= DEPTH_MAX {
            return "…".to_owned();
        }
        if let Some(only) = schema.get("const") {
            return only.to_string();
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
        }
        let either = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
        if let Some(either) = either {
            return either.iter().map(|one| self.kind(one, depth + 1)).collect::<Vec<_>>().join(" | ");
        }
        match &schema["type"] {
            Value::String(kind) if kind == "array" => format!("array of {}", self.kind(&schema["items"], depth + 1)),
            Value::String(kind) => with_format(kind, schema),
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
            _ => "object".to_owned(),
        }
    }

    /// What a reference stands for; `#/…` inside this document alone.
    fn follow(&self, mut value: &'a Value) -> &'a Value {
        for _ in 0..DEPTH_MAX {
            let Some(pointer) = text(value, "$ref").and_then(|to| to.strip_prefix('#')) else { break };
            value = self.root.pointer(pointer).unwrap_or(&Value::Null);
        }
        value
    }
}

fn with_format(kind: &str, schema: &Value) -> String {
    match text(schema, "format") {
        Some(format) => format!("{kind} ({format})"),
        None => kind.to_owned(),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, member)| (name.as_str(), member))
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn paragraph(text: Option<&str>) -> String {
    text.map(|text| format!("<p>{}</p>\n", marked(text))).unwrap_or_default()
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r##"{
        "info": {"title": "The <socket>", "description": "One a buyer."},
        "channels": {"live": {"address": "/api/v1/live", "messages": {"claim": {"$ref": "#/components/messages/claim"}}}},
        "operations": {"claim": {"action": "receive", "summary": "Ask for units", "messages": [{"$ref": "#/channels/live/messages/claim"}]}},
        "components": {"messages": {"claim": {
            "name": "claim",
            "payload": {"type": "object", "required": ["type"], "properties": {
                "type": {"const": "claim"}, "quantity": {"$ref": "#/components/schemas/Count"}}},
            "examples": [{"payload": {"type": "claim", "quantity": 1}}]
        }}, "schemas": {"Count": {"type": "integer", "format": "int32", "description": "whole units"}}}
    }"##;

    #[test]
    fn a_message_is_shown_with_its_fields_their_meaning_and_an_example() {
        let page = render(DOCUMENT);
        for part in [
            "The &lt;socket&gt;",
            "/api/v1/live",
            "client → server",
            "<code>quantity</code></td><td>integer (int32)</td><td></td><td>whole units",
            "<td>yes</td>",
            "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Fields of claim\">\n<table>",
            "<pre tabindex=\"0\" role=\"group\" aria-label=\"Example of claim\">{",
        ] {
            assert!(page.contains(part), "{part} is missing in {page}");
        }
        assert!(!page.contains("<socket>"));
    }

    #[test]
    fn a_document_that_goes_round_in_circles_still_ends() {
        let page = render(r##"{"operations": {"a": {"messages": [{"$ref": "#/operations/a/messages/0"}]}}}"##);
        assert!(page.contains("message"));
    }
}
