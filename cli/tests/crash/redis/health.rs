//! A koohook whose Redis does not run, and comes back.

use super::{ALWAYS, Redis, code, run_redis};
use crate::health::{check_without_store, status, wait_for_readyz};
use crate::load::{new_instance, settled, start};

impl Redis {
    /// Starts the server again after it was killed.
    fn start_again(&mut self) {
        self.running = run_redis(self.port, &self.folder, &self.arguments);
        self.wait();
    }
}

#[test]
fn readyz_follows_a_redis_that_dies_and_returns() {
    let Some(mut redis) = Redis::start(&ALWAYS) else { return };
    let (_koohook, address) = start(&redis.setting());
    assert_eq!(status(&address, "/readyz"), 200, "the first probe ends before koohook listens");
    redis.running.kill();
    wait_for_readyz(&address, 503);
    check_without_store(&address);
    redis.start_again();
    settled(&address, &new_instance("CS1"));
    wait_for_readyz(&address, 200);
}

#[test]
fn koohook_starts_without_its_redis_and_works_when_the_redis_is_back() {
    let Some(mut redis) = Redis::start(&ALWAYS) else { return };
    redis.running.kill();
    let (_koohook, address) = start(&redis.setting());
    assert_eq!(status(&address, "/readyz"), 503);
    check_without_store(&address);
    redis.start_again();
    settled(&address, &new_instance("CS1"));
    wait_for_readyz(&address, 200);
}

/// The grade is unknown at the start. koohook must not write before it knows it.
#[test]
fn koohook_writes_nothing_to_a_redis_that_comes_back_with_unfit_durability() {
    let Some(mut redis) = Redis::start(&["--appendonly", "no"]) else { return };
    redis.running.kill();
    let (_koohook, address) = start(&redis.setting());
    redis.start_again();
    assert_eq!(code(&address, "CS1"), "000005");
    assert_eq!(status(&address, "/readyz"), 503);
    assert_eq!(redis.ask("DBSIZE").as_deref(), Some(":0"));
    redis.command("CONFIG SET appendonly yes");
    settled(&address, &new_instance("CS1"));
    wait_for_readyz(&address, 200);
}
