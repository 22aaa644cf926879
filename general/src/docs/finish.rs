//! The last touch on a document: what every route says alike, whatever its own description forgot.

use utoipa::openapi::{
    OpenApi, RefOr, Response,
    path::{Operation, PathItem},
};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Names each operation by its method and path, and the media type of every 4xx and 5xx answer.
///
/// Repeat: changes nothing the second time, so that documents can be finished, merged and finished again.
pub fn finished(mut openapi: OpenApi) -> OpenApi {
    for (path, item) in &mut openapi.paths.paths {
        for (method, operation) in operations(item) {
            // Rooms name their functions after their verb; clients made from the document need names that differ.
            operation.operation_id = Some(name(method, path));
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
