//! The server that knows the texts of licences.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{ErrorCode, Fields, Method, OutgoingRequest, Scheme};

const SERVER: &str = "licences.example.com";

/// The text of a licence, or why the server could not be asked.
pub(crate) fn text(licence: &str) -> Result<String, String> {
    let request = OutgoingRequest::new(Fields::new());
    let path: String = licence.chars().map(|c| if c == ' ' { '+' } else { c }).collect();
    let set = || {
        request.set_method(&Method::Get)?;
        request.set_scheme(Some(&Scheme::Https))?;
        request.set_authority(Some(SERVER))?;
        request.set_path_with_query(Some(&format!("/{path}")))
    };
    set().map_err(|()| "the request can't be made".to_owned())?;
    let failed = |code: ErrorCode| format!("{SERVER}: {code:?}");
    let future = handle(request, None).map_err(failed)?;
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(response))) => Ok(format!("{SERVER} answered {}", response.status())),
        Some(Ok(Err(code))) => Err(failed(code)),
        _ => Err(format!("{SERVER}: no answer")),
    }
}
