//! The postbox: the postman called in process, and the development mailbox that shows what he brought.

use std::{net::IpAddr, sync::Arc};

use async_trait::async_trait;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, header, uri::Authority},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use embedded::{Letter, MailFolder};
use kit::{
    http::{Json, Path, Problem, origin::host},
    instant,
};
use sale::{
    ids::OrderId,
    port::mail::{MailError, MailJob, MailQueue},
};
use serde::Serialize;
use serde_json::json;

/// The queue to the postman, without a queue: he is called at once. What fails stays in the outbox.
pub struct Postbox(pub Arc<MailFolder>);

#[async_trait]
impl MailQueue for Postbox {
    async fn send(&self, jobs: Vec<MailJob>) -> Vec<Result<(), MailError>> {
        lambda_email::handle(jobs, self.0.as_ref()).await
    }
}

/// `GET /dev/mail` and `GET /dev/mail/{id}`: everybody's mail, so only for a server that nobody else reaches.
///
/// Errors: 403 `forbidden` unless the request was sent to a loopback name.
pub fn routes(folder: Arc<MailFolder>) -> Router {
    let routes = Router::new().route("/dev/mail", get(list)).route("/dev/mail/{id}", get(read));
    routes.route_layer(from_fn(only_here)).with_state(folder)
}

// A loopback address alone keeps no page out: a foreign name can be made to point here, and its page then reads as our own.
async fn only_here(request: Request, next: Next) -> Response {
    if is_sent_here(request.headers()) { next.run(request).await } else { Problem::forbidden().into_response() }
}

/// Whether the one `Host` is `localhost`, 127.x.x.x or `[::1]`, on any port.
fn is_sent_here(headers: &HeaderMap) -> bool {
    let one = headers.get_all(header::HOST).iter().count() == 1;
    let Some(authority) = host(headers).and_then(|host| host.parse::<Authority>().ok()).filter(|_| one) else {
        return false;
    };
    let name = authority.host();
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let here = name.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    here && !authority.as_str().contains('@')
}

#[derive(Serialize)]
struct Line {
    id: OrderId,
    to: String,
    subject: String,
    received_at: String,
}

async fn list(State(folder): State<Arc<MailFolder>>) -> Response {
    match tokio::task::spawn_blocking(move || folder.list()).await {
        Ok(Ok(letters)) => {
            let items: Vec<Line> = letters.into_iter().map(line).collect();
            axum::Json(json!({ "items": items, "next": null })).into_response()
        }
        Ok(Err(error)) => Problem::internal(error).into_response(),
        Err(error) => Problem::internal(error).into_response(),
    }
}

fn line(letter: Letter) -> Line {
    let Letter { id, to, subject, received_at, .. } = letter;
    Line { id, to, subject, received_at: instant::to_rfc3339(received_at) }
}

async fn read(State(folder): State<Arc<MailFolder>>, Path(id): Path<OrderId>) -> Response {
    match tokio::task::spawn_blocking(move || folder.read(id)).await {
        Ok(Ok(Some(letter))) => {
            let (text, html) = (letter.text.clone(), letter.html.clone());
            let Line { id, to, subject, received_at } = line(letter);
            let body = json!({ "id": id, "to": to, "subject": subject, "received_at": received_at, "text": text, "html": html });
            Json(body).into_response()
        }
        Ok(Ok(None)) => Problem::not_found().into_response(),
        Ok(Err(error)) => Problem::internal(error).into_response(),
        Err(error) => Problem::internal(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use kit::clock::SystemClock;
    use tower::ServiceExt;

    async fn asked(uri: &str, hosts: &[&str]) -> u16 {
        let folder = tempfile::tempdir().unwrap();
        let mails = MailFolder::open(folder.path(), "shop@miaosha.test", Arc::new(SystemClock)).unwrap();
        let request = hosts.iter().fold(Request::get(uri), |request, host| request.header(header::HOST, *host));
        routes(Arc::new(mails)).oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn mail_is_shown_to_who_asks_this_machine_by_its_own_name() {
        for host in ["localhost", "LocalHost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]", "[::1]:5000"] {
            assert_eq!(asked("/dev/mail", &[host]).await, 200, "{host}");
        }
        assert_eq!(asked("/dev/mail/01900000-0000-7000-8000-000000000000", &["localhost:5000"]).await, 404);
    }

    #[tokio::test]
    async fn a_foreign_name_that_points_here_reads_no_mail() {
        let foreign = [
            "evil.example",
            "evil.example:5000",
            "localhost.evil.example",
            "127.0.0.1.evil.example:5000",
            "localhost@evil.example",
            "evil.example@localhost",
            "10.0.0.1:5000",
            "[::2]:5000",
            "",
        ];
        for host in foreign {
            assert_eq!(asked("/dev/mail", &[host]).await, 403, "{host}");
            assert_eq!(asked("/dev/mail/01900000-0000-7000-8000-000000000000", &[host]).await, 403, "{host}");
        }
        assert_eq!(asked("/dev/mail", &[]).await, 403);
        assert_eq!(asked("/dev/mail", &["localhost", "evil.example"]).await, 403);
    }
}
