//! The postbox: the postman called in process, and the development mailbox that shows what he brought.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use embedded::{Letter, MailFolder};
use kit::{
    http::{Json, Path, Problem},
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
pub fn routes(folder: Arc<MailFolder>) -> Router {
    Router::new().route("/dev/mail", get(list)).route("/dev/mail/{id}", get(read)).with_state(folder)
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
