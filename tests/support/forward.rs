//! Most test stores wrap another store. They implement one operation, and forward the others to
//! that store.

/// Forwards operations of [`shell::store::Store`] to a field, by their names.
///
/// This is a macro, because a trait cannot do it. Only the shell may implement `Store` for every
/// type that wraps a store. A generic wrapper type would appear in every signature.
///
/// ```text
/// impl Store for Slow {
///     forward!(inner: get, agenda);
///
///     async fn put(…) … { … }
/// }
/// ```
#[macro_export]
macro_rules! forward {
    ($inner:tt: $($operation:ident),+) => {
        $($crate::forward! { @ $inner $operation })+
    };
    (@ $inner:tt get) => {
        async fn get(
            &self,
            key: &str,
            now: ::protocol::time::UnixMillis,
        ) -> Result<Option<::shell::store::Stored>, ::shell::store::Unavailable> {
            self.$inner.get(key, now).await
        }
    };
    (@ $inner:tt put) => {
        async fn put(
            &self,
            key: &str,
            value: &::shell::store::Value,
            over: Option<::shell::store::Version>,
            now: ::protocol::time::UnixMillis,
        ) -> Result<::shell::store::Put, ::shell::store::Unavailable> {
            self.$inner.put(key, value, over, now).await
        }
    };
    (@ $inner:tt agenda) => {
        async fn agenda(
            &self,
            queue: ::shell::store::Queue,
            span: ::std::ops::RangeInclusive<::protocol::time::UnixMillis>,
            limit: usize,
        ) -> Result<Vec<::shell::store::Entry>, ::shell::store::Unavailable> {
            self.$inner.agenda(queue, span, limit).await
        }
    };
    (@ $inner:tt catalogue) => {
        async fn catalogue(
            &self,
            list: ::domain::catalogue::CatalogueList,
            after: Option<&::shell::store::CataloguePlace>,
            limit: usize,
        ) -> Result<Vec<::shell::store::CatalogueItem>, ::shell::store::Unavailable> {
            self.$inner.catalogue(list, after, limit).await
        }
    };
    (@ $inner:tt is_empty) => {
        async fn is_empty(&self) -> Result<Option<bool>, ::shell::store::Unavailable> {
            self.$inner.is_empty().await
        }
    };
    (@ $inner:tt find) => {
        async fn find(
            &self,
            first: u8,
        ) -> Result<::shell::store::Search, ::shell::store::Unavailable> {
            self.$inner.find(first).await
        }
    };
    (@ $inner:tt clock) => {
        async fn clock(
            &self,
            now: ::protocol::time::UnixMillis,
        ) -> Option<::protocol::time::UnixMillis> {
            self.$inner.clock(now).await
        }
    };
}
