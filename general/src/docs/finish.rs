//! The last touch on a document: what every route says alike, whatever its own description forgot.

use utoipa::openapi::{
    Content, OpenApi, Ref, RefOr, Response, SecurityRequirement,
    path::{Operation, Parameter, ParameterIn, PathItem},
};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
/// What whoever reads a body may answer to it.
const OF_BODIES: [(&str, &str); 5] = [
    ("400", "`malformed_json`, `body_unreadable`"),
    ("408", "`request_timeout`"),
    ("413", "`body_too_large`"),
    ("415", "`unsupported_media_type`"),
    ("422", "`invalid_body`"),
];

/// Names each operation by its method and path, and the media type of every 4xx and 5xx answer. Adds the answers that it gives for
/// being of its kind; where its own description has the status, that one stays.
///
/// Repeat: changes nothing the second time, so that documents can be finished, merged and finished again.
pub fn finished(mut openapi: OpenApi) -> OpenApi {
    for (path, item) in &mut openapi.paths.paths {
        for (method, operation) in operations(item) {
            // Rooms name their functions after their verb; clients made from the document need names that differ.
            operation.operation_id = Some(name(method, path));
            for (status, means) in of_its_kind(method, path, operation) {
                operation.responses.responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(means)));
            }
            for (status, response) in &mut operation.responses.responses {
                if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response) {
                    rename(response);
                }
            }
        }
    }
    openapi
}

/// `POST /api/v1/admin/sales/{id}/open` is `post_admin_sales_by_id_open`.
fn name(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let word = |word: &str| match word.strip_prefix('{').and_then(|word| word.strip_suffix('}')) {
        Some(variable) => format!("_by_{variable}"),
        None => format!("_{}", word.replace('-', "_")),
    };
    path.split('/').filter(|part| !part.is_empty()).map(word).fold(method.to_owned(), |name, word| name + &word)
}

/// What an operation answers because of who may ask, how and with what.
// The rules are those of the layers around all routes: extractors, the guard of origins, the limits on writes, the shell.
fn of_its_kind(method: &str, path: &str, operation: &Operation) -> Vec<(&'static str, &'static str)> {
    let (writes, staffs) = (method != "get", path.contains("/admin/"));
    let mut answers = vec![("503", "`unavailable`, `timed_out`, `full_house`; Retry-After says when")];
    if let Some(security) = &operation.security {
        // Where strangers are welcome no token is none, and a bad one is still refused.
        let is_public = security.contains(&SecurityRequirement::default());
        let signed_in = "`unauthorized`, `invalid_token`, `token_expired`";
        answers.push(("401", if is_public { "`invalid_token`, `token_expired`" } else { signed_in }));
    }
    match (staffs, writes) {
        (true, true) => answers.push(("403", "`forbidden`, `foreign_origin`")),
        (true, false) => answers.push(("403", "`forbidden`")),
        (false, true) => answers.push(("403", "`foreign_origin`")),
        (false, false) => {}
    }
    if writes {
        answers.push(("429", "`too_many_requests`; Retry-After says when"));
    }
    if operation.request_body.is_some() {
        answers.extend(OF_BODIES);
    }
    if has_query(operation) {
        answers.push(("400", "`invalid_query`"));
    }
    answers
}

fn has_query(operation: &Operation) -> bool {
    let is_query = |one: &RefOr<Parameter>| matches!(one, RefOr::T(Parameter { parameter_in: ParameterIn::Query, .. }));
    operation.parameters.iter().flatten().any(is_query)
}

fn problem(means: &str) -> Response {
    let mut response = Response::new(means);
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    response.content.insert(PROBLEM.to_owned(), RefOr::T(content));
    response
}

fn rename(response: &mut Response) {
    if let Some(content) = response.content.shift_remove(JSON) {
        response.content.insert(PROBLEM.to_owned(), content);
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = path;
    let named = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    named.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_named_by_method_and_path() {
        assert_eq!(name("post", "/api/v1/admin/sales/{id}/open"), "post_admin_sales_by_id_open");
        assert_eq!(name("post", "/api/v1/auth/sign-out"), "post_auth_sign_out");
    }
}
