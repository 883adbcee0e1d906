"""A second opinion on prices, in another style: a meter that ticks once a second, and a till that takes one step after the
other. It reads rules and sessions as they are written and works with nothing of the program's own: neither its money, nor its
steps, nor its choice of a price.
"""

from collections import defaultdict
from datetime import datetime
from fractions import Fraction

_KINDS = {"occupied": "measured_s", "powered": "powered_s", "running": "running_s", "cooldown": "cooldown_s"}


class Oracle:
    """The till of one tenant for one month."""

    def __init__(self, tariffs, terms, zone):
        self.tariffs, self.zone = tariffs, zone
        self.purses = [[one, one.left] for one in sorted(terms.allowances, key=lambda one: (one.rank, one.ref))]
        self.discounts = terms.discounts
        self.of_month = defaultdict(int)  # tariff and part → seconds
        self.days_paid, self.taken = set(), defaultdict(int)

    def month(self, sessions):
        """Session → cents, or the word for why it has none."""
        return {one.id: self.session(one) for one in sorted(sessions, key=lambda one: (one.start.timestamp(), one.id))}

    def session(self, use):
        tariff = self.choose(use)
        if tariff is None:
            return 0 if use.free else "no price"
        before = ([list(one) for one in self.purses], dict(self.of_month), set(self.days_paid), dict(self.taken))
        cents = self.charge(use, tariff)
        if use.free or cents == "not measured":  # as if it had never been at the till
            purses, of_month, self.days_paid, taken = before
            self.purses, self.of_month, self.taken = purses, defaultdict(int, of_month), defaultdict(int, taken)
        return 0 if use.free else cents

    def choose(self, use):
        """Tries the wanted ways one after the other, and of several that are left takes the last to begin."""
        for machine, category in ((use.machine, None), (None, use.category)):
            for tenant, kind in (
                (use.tenant, use.tenant_kind),
                (use.tenant, None),
                (None, use.tenant_kind),
                (None, None),
            ):
                for members in dict.fromkeys((use.member_class, None)):
                    wanted = (machine, category, tenant, kind, members)
                    found = [one for one in self.tariffs if self.names(one) == wanted and self.is_open(one, use.start)]
                    if found:
                        return max(found, key=lambda one: (one.valid_from, one.id))
        return None

    @staticmethod
    def names(tariff):
        of = tariff.scope
        return of.machine, of.category, of.tenant, of.tenant_kind, of.member_class

    @staticmethod
    def is_open(tariff, moment):
        return moment >= tariff.valid_from and not (tariff.valid_until and moment >= tariff.valid_until)

    def charge(self, use, tariff):
        rule, due, worth, billed = tariff.rule, Fraction(0), Fraction(0), 0
        for index, part in enumerate(rule.parts):
            seconds = self.counting(use, part)
            if seconds is None:
                return "not measured"
            own, own_worth, own_billed = self.tick(use, tariff, index, part, seconds)
            due, worth, billed = due + own, worth + own_worth, billed + own_billed
        if not (billed if rule.parts else (use.measured_s if use.counted_s is None else use.counted_s)):
            return 0
        fees = 0 if use.continues else rule.session_fee_cents
        if (tariff.id, use.holder, use.day) not in self.days_paid and rule.day_fee_cents:
            self.days_paid.add((tariff.id, use.holder, use.day))
            fees += rule.day_fee_cents
        due, worth = due + fees, worth + fees
        if not use.continues and worth < rule.minimum_cents:
            due += rule.minimum_cents - worth
        return self.settle(use, self.capped(use, tariff, due))

    @staticmethod
    def counting(use, part):
        measured = getattr(use, _KINDS[part.basis])
        known = [one for one in (measured, use.counted_s) if one is not None]
        return min(known) if known else None

    def tick(self, use, tariff, index, part, seconds):
        """Due, what it would be without included hours, and the seconds billed."""
        free_s = 0 if use.continues else part.free_s
        start = int(use.start.timestamp() // 1) + free_s
        if part.basis == "cooldown":
            start += min(use.measured_s, use.measured_s if use.counted_s is None else use.counted_s)
        due = worth = paid_s = 0
        is_first, key = index == 0, (tariff.id, index)
        for second in range(seconds):
            if second >= free_s and second - free_s >= paid_s:  # this second begins a step
                cents, is_included = self.step(use, part, start + paid_s, key, paid_s, is_first)
                worth += cents
                due += 0 if is_included else cents
                paid_s += part.step_s
        while paid_s and not use.continues and paid_s < part.minimum_s:
            cents, is_included = self.step(use, part, start + paid_s, key, paid_s, is_first)
            worth += cents
            due += 0 if is_included else cents
            paid_s += part.step_s
        self.of_month[key] += paid_s
        return due, worth, paid_s

    def step(self, use, part, moment, key, done_s, is_first):
        """A step's price, and whether included hours pay for it."""
        price = self.price(part, moment, done_s + (self.of_month[key] if part.tiers_over == "month" else 0))
        for purse in self.purses if is_first else ():
            if purse[0].unit == "seconds" and purse[1] >= part.step_s and self.meant(purse[0], use):
                purse[1] -= part.step_s
                return Fraction(price * part.step_s, part.per_s), True
        return Fraction(price * part.step_s, part.per_s), False

    def price(self, part, moment, done_s):
        cents = part.cents
        if part.bands:
            clock = datetime.fromtimestamp(moment, self.zone)
            for band in part.bands:
                minutes = clock.hour * 60 + clock.minute
                ends = (
                    1440 if band.ends.hour == 23 and band.ends.second == 59 else band.ends.hour * 60 + band.ends.minute
                )
                if clock.weekday() in band.weekdays and band.begins.hour * 60 + band.begins.minute <= minutes < ends:
                    return band.cents
        for tier in part.tiers:
            if done_s >= tier.after_s:
                cents = tier.cents
        return cents

    @staticmethod
    def meant(one, use):
        payer = not one.payers or use.payer in one.payers
        category = not one.categories or use.category in one.categories
        return payer and category and one.since <= use.day and use.day < one.until

    def capped(self, use, tariff, due):
        keys = {}
        for cap in tariff.rule.caps:
            whose = use.holder if cap.of == "person" else "all"
            keys[tariff.id, cap.over, whose, use.day if cap.over == "day" else "month"] = cap.cents
        for key, most in keys.items():
            due = min(due, Fraction(most - self.taken[key]))
        for key in keys:
            self.taken[key] += self.rounded(due)
        return due

    def settle(self, use, due):
        for discount in self.discounts:
            if self.meant(discount, use):
                due -= due * discount.basis_points / 10_000
                break
        cents = self.rounded(due)
        for purse in self.purses:
            if purse[0].unit == "cents" and self.meant(purse[0], use):
                taken = min(purse[1], cents)
                purse[1], cents = purse[1] - taken, cents - taken
        return cents

    @staticmethod
    def rounded(amount):
        whole, rest = divmod(amount.numerator, amount.denominator)
        return whole + (2 * rest >= amount.denominator)
