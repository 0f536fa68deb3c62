//! **How does a send give up?** As any future does, by a [`timeout()`]; here, up in
//! `time`, because the channel itself knows no clock.

use crate::sync::mpsc::Sender;
use crate::sync::mpsc::error::SendTimeoutError;
use crate::time::{Duration, timeout};

impl<T> Sender<T> {
    /// Sends a value, waiting for room at most `limit`.
    ///
    /// # Errors
    ///
    /// The value, if no room came in time or the channel is closed.
    ///
    /// # Panics
    ///
    /// Outside of a runtime with time enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it has sent nothing; the value is dropped with the future.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread()
    /// #     .enable_time().start_paused(true).build().unwrap().block_on(async {
    /// use kolo::sync::mpsc::{self, error::SendTimeoutError};
    /// use kolo::time::Duration;
    ///
    /// let (tx, _rx) = mpsc::channel(1);
    /// let limit = Duration::from_secs(1);
    /// assert!(tx.send_timeout("first", limit).await.is_ok());
    /// assert_eq!(
    ///     tx.send_timeout("second", limit).await,
    ///     Err(SendTimeoutError::Timeout("second")),
    /// );
    /// # });
    /// ```
    pub async fn send_timeout(&self, value: T, limit: Duration) -> Result<(), SendTimeoutError<T>> {
        match timeout(limit, self.reserve()).await {
            Err(_) => Err(SendTimeoutError::Timeout(value)),
            Ok(Err(_)) => Err(SendTimeoutError::Closed(value)),
            Ok(Ok(permit)) => {
                permit.send(value);
                Ok(())
            }
        }
    }
}
