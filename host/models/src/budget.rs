//! Budgets: tokens and money, for a run and for each agent under it.
//!
//! A call is paid before it happens. Its worst case (the request's estimate and the longest reply) is reserved in the
//! caller's budget and in every budget above, under one lock, or in none; what was really used replaces it afterwards.
//! So however many siblings call at once, the sum can pass a limit only by what one call used beyond its estimate.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::reply::Usage;

/// What may be spent; none is without limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Tokens, in and out.
    pub tokens: Option<u64>,
    /// Millionths of a US dollar.
    pub cost: Option<u64>,
}

/// What was spent, or is held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Tokens, in and out.
    pub tokens: u64,
    /// The part of them that came from a provider's cache.
    pub cached_tokens: u64,
    /// Millionths of a US dollar, as far as prices are known.
    pub cost: u64,
    /// Whether a model without a price has a part in it, so that `cost` is not the whole.
    pub unpriced: bool,
}

/// A budget that does not cover a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {unit} budget of {budget} is used up: {left} left of {limit}, and the call may need {needed}")]
#[non_exhaustive]
pub struct Exhausted {
    /// The budget's name: a run or an agent.
    pub budget: String,
    /// What is counted.
    pub unit: &'static str,
    /// What is neither spent nor held.
    pub left: u64,
    /// The limit.
    pub limit: u64,
    /// What the call may need.
    pub needed: u64,
}

/// One budget of a tree. Clones are the same budget.
#[derive(Clone, Debug)]
pub struct Budget {
    tree: Arc<Mutex<Vec<Node>>>,
    node: usize,
}

#[derive(Debug)]
struct Node {
    name: String,
    parent: Option<usize>,
    allowance: Allowance,
    spent: Amount,
    held: Amount,
}

/// An amount that is held for one call. Dropped without a word it counts as spent in full, since a call that was
/// cancelled on its way may have been billed.
#[derive(Debug)]
#[must_use = "what is held is charged when it is dropped"]
pub struct Reservation {
    budget: Budget,
    amount: Amount,
    settled: bool,
}

impl Budget {
    /// The budget at the top: a run's.
    pub fn root(name: impl Into<String>, allowance: Allowance) -> Self {
        let root = Node::new(name.into(), None, allowance);
        Self { tree: Arc::new(Mutex::new(vec![root])), node: 0 }
    }

    /// A budget under this one: what it spends, this one spends too.
    pub fn child(&self, name: impl Into<String>, allowance: Allowance) -> Self {
        let mut nodes = self.lock();
        nodes.push(Node::new(name.into(), Some(self.node), allowance));
        Self { tree: Arc::clone(&self.tree), node: nodes.len() - 1 }
    }

    /// Holds an amount here and in every budget above, or nowhere.
    ///
    /// # Errors
    /// Names the budget, nearest first, that does not cover it.
    pub fn reserve(&self, amount: Amount) -> Result<Reservation, Exhausted> {
        let mut nodes = self.lock();
        for node in lineage(&nodes, self.node) {
            nodes[node].cover(amount)?;
        }
        for node in lineage(&nodes, self.node) {
            nodes[node].held = nodes[node].held.plus(amount);
        }
        drop(nodes);
        Ok(Reservation { budget: self.clone(), amount, settled: false })
    }

    /// What is left here, also by the budgets above.
    pub fn remaining(&self) -> Allowance {
        let nodes = self.lock();
        let mut left = Allowance::default();
        for node in lineage(&nodes, self.node) {
            let here = nodes[node].left();
            left.tokens = least(left.tokens, here.tokens);
            left.cost = least(left.cost, here.cost);
        }
        left
    }

    /// What was spent here and below.
    pub fn spent(&self) -> Amount {
        self.lock()[self.node].spent
    }

    fn replace_held(&self, held: Amount, spent: Amount) {
        let mut nodes = self.lock();
        for node in lineage(&nodes, self.node) {
            nodes[node].held = nodes[node].held.minus(held);
            nodes[node].spent = nodes[node].spent.plus(spent);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Node>> {
        // No code panics while it holds the lock, and sums of saturating numbers are whole at every moment.
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// Replaces what was held by what was used.
    pub fn settle(mut self, usage: &Usage) {
        self.finish(Amount::of(usage));
    }

    /// Gives everything back: nothing was used.
    pub fn release(mut self) {
        self.finish(Amount::default());
    }

    fn finish(&mut self, spent: Amount) {
        self.settled = true;
        self.budget.replace_held(self.amount, spent);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.settled {
            self.finish(self.amount);
        }
    }
}

impl Node {
    fn new(name: String, parent: Option<usize>, allowance: Allowance) -> Self {
        Self { name, parent, allowance, spent: Amount::default(), held: Amount::default() }
    }

    fn left(&self) -> Allowance {
        let used = self.spent.plus(self.held);
        Allowance {
            tokens: self.allowance.tokens.map(|limit| limit.saturating_sub(used.tokens)),
            cost: self.allowance.cost.map(|limit| limit.saturating_sub(used.cost)),
        }
    }

    fn cover(&self, amount: Amount) -> Result<(), Exhausted> {
        let left = self.left();
        let short = |unit, limit: Option<u64>, left: Option<u64>, needed: u64| match (limit, left) {
            // A budget at its end ends calls without a price too: 0 is not left for them.
            (Some(limit), Some(left)) if needed > left || left == 0 => {
                Err(Exhausted { budget: self.name.clone(), unit, left, limit, needed })
            }
            _ => Ok(()),
        };
        short("token", self.allowance.tokens, left.tokens, amount.tokens)?;
        short("cost", self.allowance.cost, left.cost, amount.cost)
    }
}

impl Amount {
    /// What a usage comes to.
    pub(crate) fn of(usage: &Usage) -> Self {
        Self {
            tokens: usage.input_tokens.saturating_add(usage.output_tokens),
            cached_tokens: usage.cached_input_tokens,
            cost: usage.cost.unwrap_or(0),
            unpriced: usage.cost.is_none(),
        }
    }

    /// Millionths of a US dollar; none where a price is unknown.
    pub fn known_cost(self) -> Option<u64> {
        (!self.unpriced).then_some(self.cost)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            cost: self.cost.saturating_add(other.cost),
            unpriced: self.unpriced || other.unpriced,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(other.tokens),
            cached_tokens: self.cached_tokens.saturating_sub(other.cached_tokens),
            cost: self.cost.saturating_sub(other.cost),
            unpriced: self.unpriced,
        }
    }
}

/// A budget and all above it, nearest first.
fn lineage(nodes: &[Node], from: usize) -> Vec<usize> {
    std::iter::successors(Some(from), |node| nodes[*node].parent).collect()
}

fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn tokens(tokens: u64) -> Amount {
        Amount { tokens, ..Amount::default() }
    }

    fn allow(tokens: u64) -> Allowance {
        Allowance { tokens: Some(tokens), cost: None }
    }

    fn used(tokens: u64) -> Usage {
        Usage { output_tokens: tokens, ..Usage::default() }
    }

    #[test]
    fn the_budget_that_is_short_is_named_and_nothing_is_held() {
        let run = Budget::root("the run", allow(100));
        let agent = run.child("agent main", allow(60));
        assert_eq!(agent.reserve(tokens(61)).unwrap_err().budget, "agent main");
        agent.reserve(tokens(50)).unwrap().settle(&used(50));
        let sibling = run.child("agent two", Allowance::default());
        let error = sibling.reserve(tokens(51)).unwrap_err();
        assert_eq!((error.budget.as_str(), error.left, error.needed), ("the run", 50, 51));
        assert_eq!((agent.remaining().tokens, sibling.remaining().tokens), (Some(10), Some(50)));
        assert_eq!((sibling.spent().tokens, run.spent().tokens), (0, 50));
    }

    #[test]
    fn what_is_held_is_replaced_released_or_charged() {
        let run = Budget::root("run", allow(100));
        run.reserve(tokens(40)).unwrap().settle(&used(10));
        assert_eq!(run.remaining().tokens, Some(90));
        run.reserve(tokens(40)).unwrap().release();
        assert_eq!(run.remaining().tokens, Some(90));
        drop(run.reserve(tokens(40)).unwrap());
        assert_eq!(run.remaining().tokens, Some(50));
    }

    #[test]
    fn money_is_counted_beside_tokens_and_ends_free_calls_too() {
        let run = Budget::root("run", Allowance { tokens: None, cost: Some(10) });
        let error = run.reserve(Amount { cost: 11, ..Amount::default() }).unwrap_err();
        assert_eq!(error.unit, "cost");
        run.reserve(Amount { cost: 9, ..Amount::default() })
            .unwrap()
            .settle(&Usage { cost: Some(12), ..Usage::default() });
        assert!(run.reserve(Amount::default()).is_err());
    }

    #[test]
    fn what_has_no_price_makes_the_cost_unknown_and_not_zero() {
        let run = Budget::root("run", allow(100));
        let (priced, unpriced) = (run.child("a", Allowance::default()), run.child("b", Allowance::default()));
        priced.reserve(tokens(5)).unwrap().settle(&Usage { cost: Some(3), ..used(5) });
        assert_eq!((run.spent().known_cost(), priced.spent().known_cost()), (Some(3), Some(3)));
        unpriced.reserve(Amount::of(&used(5))).unwrap().release();
        assert_eq!(run.spent().known_cost(), Some(3), "nothing was used");
        drop(unpriced.reserve(Amount::of(&used(5))).unwrap());
        assert_eq!((run.spent().known_cost(), run.spent().cost), (None, 3));
        assert_eq!((priced.spent().known_cost(), unpriced.spent().known_cost()), (Some(3), None));
    }

    #[test]
    fn m_05_what_is_under_way_is_nobody_elses() {
        let run = Budget::root("run", allow(100));
        let (one, other) = (run.child("a", allow(80)), run.child("b", Allowance::default()));
        let under_way = one.reserve(tokens(60)).unwrap();
        assert_eq!((one.reserve(tokens(21)).unwrap_err().left, other.reserve(tokens(41)).unwrap_err().left), (20, 40));
        let beside = other.reserve(tokens(40)).unwrap();
        under_way.settle(&used(60));
        beside.settle(&used(40));
        assert_eq!(run.remaining().tokens, Some(0));
    }

    #[test]
    fn m_05_children_at_once_pass_the_limit_by_one_call_at_most() {
        // Every call uses all that was reserved for it: then not a token may be over.
        const LIMIT: u64 = 10_000;
        let run = Budget::root("run", allow(LIMIT));
        std::thread::scope(|scope| {
            for number in 0..8_u64 {
                let agent = run.child(format!("agent {number}"), allow(LIMIT / 2));
                scope.spawn(move || {
                    while let Ok(reservation) = agent.reserve(tokens(7 + number)) {
                        reservation.settle(&used(7 + number));
                    }
                });
            }
        });
        let spent = run.spent().tokens;
        assert!(spent <= LIMIT && spent > LIMIT - 15, "{spent}");
    }

    proptest! {
        #[test]
        fn sums_hold_in_any_order(calls in proptest::collection::vec((0_usize..3, 0_u64..50, 0_u64..60, 0_u8..3), 0..60)) {
            let run = Budget::root("run", allow(400));
            let agents = [run.clone(), run.child("a", allow(200)), run.child("b", Allowance::default())];
            let (mut spent, mut over, mut held) = (0_u64, 0_u64, Vec::new());
            for (agent, reserve, actual, end) in calls {
                let left = run.remaining().tokens.unwrap_or(0);
                match agents[agent].reserve(tokens(reserve)) {
                    Ok(reservation) if end == 0 => held.push((reservation, reserve)),
                    Ok(reservation) if end == 1 => reservation.release(),
                    Ok(reservation) => {
                        reservation.settle(&used(actual));
                        spent += actual;
                        over += actual.saturating_sub(reserve);
                    }
                    Err(error) => prop_assert!(error.needed > error.left || error.left == 0 || left == 0),
                }
            }
            for (reservation, amount) in held {
                drop(reservation);
                spent += amount;
            }
            prop_assert_eq!(run.spent().tokens, spent);
            // Only what calls used beyond their own estimate can be over the limit.
            prop_assert!(spent <= 400 + over);
        }
    }
}
