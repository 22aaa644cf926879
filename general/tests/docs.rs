//! The documents: complete, readable without anybody else's server, and safe to open.

#![allow(clippy::unwrap_used)]

mod house;

use house::House;

#[tokio::test]
async fn every_document_is_served_by_ourselves() {
    let house = House::open().await;
    let pages = [
        ("/docs/openapi.json", "application/json", "\"openapi\":\"3.1.0\""),
        ("/docs/swagger/", "text/html", "swagger-ui"),
        ("/docs/swagger/swagger-ui-bundle.js", "javascript", "function"),
        ("/docs/swagger/swagger-initializer.js", "javascript", "/docs/openapi.json"),
        ("/docs/redoc", "text/html", "/docs/assets/redoc.standalone.js"),
        ("/docs/assets/redoc.standalone.js", "text/javascript", "redoc"),
        ("/docs/assets/redoc.standalone.js.LICENSE.txt", "text/plain", "MIT License"),
        ("/docs/assets/docs.css", "text/css", "font"),
        ("/docs/asyncapi.json", "application/json", "The socket"),
        ("/docs/asyncapi", "text/html", "The socket"),
        ("/docs/problems", "text/html", "id=\"sold_out\""),
    ];
    for (path, kind, part) in pages {
        let page = house.ask("GET", path, None, None).await.is(200);
        let told = page.headers["content-type"].to_str().unwrap();
        assert!(told.contains(kind), "{path}: {told}");
        assert!(page.text.contains(part), "{path} lacks {part}");
    }
    house.close().await;
}

#[tokio::test]
async fn the_pages_run_no_script_of_strangers_and_none_inline() {
    let house = House::open().await;
    for path in ["/docs/swagger/", "/docs/redoc", "/docs/asyncapi", "/docs/problems"] {
        let page = house.ask("GET", path, None, None).await.is(200);
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("script-src"), "{path}: {policy}");
        for tag in page.text.split('<').filter(|tag| tag.starts_with("script") || tag.starts_with("link")) {
            assert!(!tag.contains("//"), "{path}: <{tag}");
            assert!(!tag.starts_with("script") || tag.contains("src="), "{path}: <{tag}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn our_own_pages_name_the_shops_icon() {
    let house = House::open().await;
    for path in ["/docs/redoc", "/docs/asyncapi", "/docs/problems"] {
        let page = house.ask("GET", path, None, None).await.is(200);
        assert!(page.text.contains("<link rel=\"icon\" href=\"/static/img/favicon.svg\""), "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn the_document_says_of_each_route_who_may_and_what_comes_back() {
    let document = serde_json::to_value(general::openapi()).unwrap();
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let route = format!("{method} {path}");
            assert!(operation["summary"].is_string() && operation["tags"][0].is_string(), "{route}");
            assert!(
                operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2')),
                "{route}"
            );
            for (status, response) in operation["responses"].as_object().unwrap() {
                let told = response["content"].as_object();
                let problem = told.is_none_or(|content| content.contains_key("application/problem+json"));
                assert!(problem || status.starts_with('2'), "{route} {status}");
            }
            let admin = path.contains("/admin/");
            assert!(!admin || operation["security"][0]["bearer"].is_array(), "{route}");
        }
    }
    // Clients are made from the document: no two operations have one name.
    let mut names: Vec<_> = text_of(&document, "operationId");
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    // Every schema that is named is there.
    let text = document.to_string();
    for name in text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[test]
fn the_document_says_of_each_route_what_it_answers_for_being_of_its_kind() {
    // The second is of all roles; a test of the one process keeps it as they say.
    let written = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    for document in [serde_json::to_value(general::openapi()).unwrap(), written] {
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                for status in of_its_kind(method, path, operation) {
                    assert!(operation["responses"][status].is_object(), "{method} {path} lists no {status}");
                }
            }
        }
    }
}

fn of_its_kind(method: &str, path: &str, operation: &serde_json::Value) -> Vec<&'static str> {
    let mut must = vec!["503"];
    if operation["security"].is_array() {
        must.push("401");
    }
    if path.contains("/admin/") {
        must.extend(["401", "403"]);
    }
    if method != "get" {
        must.extend(["403", "429"]);
    }
    if operation["requestBody"].is_object() {
        must.extend(["400", "408", "413", "415", "422"]);
    }
    if operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["in"] == "query") {
        must.push("400");
    }
    must
}

#[test]
fn every_code_that_a_role_writes_is_in_the_table_with_its_status() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut seen = 0;
    for room in ["publisher/src", "consumer/src", "general/src", "crates/kit/src"] {
        for text in sources(&root.join(room)) {
            for (status, code) in text.split("Problem::new(").skip(1).filter_map(named) {
                let known = general::docs::PROBLEMS.iter().find(|kind| kind.code == code);
                assert!(known.is_some(), "{room} answers {status} {code}, which /docs/problems does not explain");
                seen += 1;
            }
        }
    }
    assert!(seen > 15, "only {seen} found: has the way of writing them changed?");
}

fn text_of(document: &serde_json::Value, member: &str) -> Vec<String> {
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    operations.map(|operation| operation[member].as_str().unwrap().to_owned()).collect()
}

fn sources(folder: &std::path::Path) -> Vec<String> {
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(sources(&entry));
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            found.push(std::fs::read_to_string(entry).unwrap());
        }
    }
    found
}

/// `StatusCode::CONFLICT, "too_late", ..` as status and code.
fn named(call: &str) -> Option<(&str, &str)> {
    let (status, rest) = call.trim_start().strip_prefix("StatusCode::")?.split_once(',')?;
    Some((status, rest.trim_start().strip_prefix('"')?.split_once('"')?.0))
}

#[test]
fn the_problems_of_the_process_are_in_the_table_too() {
    for (code, _) in kit::http::problem::CODES {
        assert!(general::docs::PROBLEMS.iter().any(|kind| kind.code == code), "{code}");
    }
}
