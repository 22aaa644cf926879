//! Media types: every error is told as a problem document, whatever a route forgot to say of it.

use utoipa::openapi::{
    OpenApi, RefOr, Response,
    path::{Operation, PathItem},
};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Names the media type of every 4xx and 5xx answer.
pub fn problems_by_their_name(mut openapi: OpenApi) -> OpenApi {
    for operation in openapi.paths.paths.values_mut().flat_map(operations) {
        for (status, response) in &mut operation.responses.responses {
            if let (true, RefOr::T(response)) = (status.starts_with(['4', '5']), response) {
                rename(response);
            }
        }
    }
    openapi
}

fn rename(response: &mut Response) {
    if let Some(content) = response.content.shift_remove(JSON) {
        response.content.insert(PROBLEM.to_owned(), content);
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = path;
    [get, put, post, delete, options, head, patch, trace].into_iter().flatten()
}
