//! What a call costs, and who pays for it.

use std::sync::Mutex;

use skillhost_fake_models::{Answer, Said};
use skillhost_models::{Allowance, Budget, Event, ModelError, Request, Volatile, ignore_events};

use crate::support::{PROTOCOLS, ask, models, serve, site_with};

#[tokio::test]
async fn usage_is_counted_and_priced() {
    for protocol in PROTOCOLS {
        let said = Said { input_tokens: 100, cached_input_tokens: 900, output_tokens: 50, ..Said::text("ok") };
        let server = serve([Answer::Reply(said)]);
        let budget = Budget::root("run", Allowance { tokens: Some(10_000), cost: Some(10_000) });
        let site = site_with(budget.clone(), Volatile::default());
        let usage = models(&server, protocol).complete(&site, &ask("x"), &ignore_events).await.unwrap().usage;
        assert_eq!(
            (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens),
            (1_000, if protocol.tells_of_its_cache { 900 } else { 0 }, 50),
            "{protocol:?}"
        );
        // 100 at 1 USD, 900 at 0.1 (or 1) and 50 at 10 for a million each.
        let cost = 100 + if protocol.tells_of_its_cache { 90 } else { 900 } + 500;
        assert_eq!(usage.cost, Some(cost), "{protocol:?}");
        let left = Allowance { tokens: Some(8_950), cost: Some(10_000 - cost) };
        assert_eq!(budget.remaining(), left, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_call_that_the_budget_does_not_cover_is_not_sent() {
    for protocol in PROTOCOLS {
        let server = serve([]);
        let budget =
            Budget::root("run", Allowance::default()).child("agent main", Allowance { tokens: Some(120), cost: None });
        let error = models(&server, protocol)
            .complete(&site_with(budget.clone(), Volatile::default()), &ask("x"), &ignore_events)
            .await
            .unwrap_err();
        assert!(matches!(&error, ModelError::Exhausted(short) if short.budget == "agent main"), "{error}");
        assert_eq!((server.received().len(), budget.remaining().tokens), (0, Some(120)));
    }
}

#[tokio::test]
async fn near_the_end_of_a_budget_replies_are_shorter_instead_of_refused() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Reply(Said::text("ok")), Answer::Reply(Said::text("ok"))]);
        let models = models(&server, protocol);
        let long = Request { max_output_tokens: None, ..ask("x") };
        let budget = |tokens| Budget::root("run", Allowance { tokens: Some(tokens), cost: None });
        for tokens in [100_000, 4_000] {
            models.complete(&site_with(budget(tokens), Volatile::default()), &long, &ignore_events).await.unwrap();
        }
        let limits: Vec<_> = server.received().iter().map(|request| protocol.limit(&request.body)).collect();
        assert_eq!(limits[0], 8_192);
        assert!((3_000..4_000).contains(&limits[1]), "{limits:?}");
        let too_short = site_with(budget(1_000), Volatile::default());
        let failed = models.complete(&too_short, &long, &ignore_events).await.unwrap_err();
        assert!(matches!(failed, ModelError::Exhausted(_)), "{failed}");
    }
}

#[tokio::test]
async fn a_cancelled_call_is_charged_and_leaves_the_models_usable() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Stall(Said::text("half")), Answer::Reply(Said::text("next"))]);
        let models = models(&server, protocol);
        let budget = Budget::root("run", Allowance::default());
        let site = site_with(budget.clone(), Volatile::default());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let sender = Mutex::new(Some(sender));
        let begun = |_: Event| {
            if let Some(sender) = sender.lock().unwrap().take() {
                sender.send(()).unwrap();
            }
        };
        let request = ask("x");
        tokio::select! {
            outcome = models.complete(&site, &request, &begun) => panic!("it can't end: {outcome:?}"),
            _ = receiver => {}
        }
        assert!(budget.spent().tokens > 100, "{protocol:?}");
        assert!(models.complete(&site, &ask("y"), &ignore_events).await.is_ok(), "{protocol:?}");
    }
}
