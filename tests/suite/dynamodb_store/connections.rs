//! How many connections koohook opens at once. Each call under way needs one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use domain::catalogue::CatalogueList;
use futures_util::future::join3;
use http::{Request, Response};
use protocol::time::UnixMillis;
use shell::store::dynamodb::Dynamodb;
use shell::store::{DynamodbSetting, Queue, Store};
use shell::world::{Unanswered, Web};
use tests::dynamodb::{REGION, credentials, noon};

/// An endpoint with empty indexes. It counts the calls under way.
#[derive(Clone, Default)]
struct Counted(Arc<Calls>);

#[derive(Default)]
struct Calls {
    under_way: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
}

impl Web for Counted {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, Unanswered> {
        let Self(calls) = self;
        calls.all.fetch_add(1, Ordering::SeqCst);
        calls.most.fetch_max(calls.under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // All others may begin before this call ends.
        tokio::task::yield_now().await;
        calls.under_way.fetch_sub(1, Ordering::SeqCst);
        Ok(Response::new(Bytes::from_static(br#"{"Items":[]}"#)))
    }
}

#[tokio::test]
async fn at_most_eight_queries_run_at_once_and_none_is_left_out() {
    let setting = DynamodbSetting::parse(&format!("koohook?region={REGION}")).unwrap();
    let counted = Counted::default();
    let store = Dynamodb::over(&setting, credentials(), counted.clone(), noon);
    let always = || UnixMillis::EPOCH..=UnixMillis::MAX;
    let (due, dead, pending) = join3(
        store.agenda(Queue::Due, always(), 10),
        store.agenda(Queue::Dead, always(), 10),
        store.catalogue(CatalogueList::PendingInstances, None, 10),
    )
    .await;
    assert_eq!((due, dead, pending), (Ok(vec![]), Ok(vec![]), Ok(vec![])));
    let Counted(calls) = counted;
    assert_eq!(calls.all.load(Ordering::SeqCst), 3 * 16);
    assert_eq!(calls.most.load(Ordering::SeqCst), 8);
}
