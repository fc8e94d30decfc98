"""What is known of a peer after another look at it, in whatever order looks are told."""

from dataclasses import replace
from itertools import pairwise

from meshbot_core.host.api import PeerView
from meshbot_tui.model.picture import MAX_CHANGES, MAX_SAMPLES, Change, Peer, Sample


def looked_at(old: Peer, view: PeerView, stamp: int) -> Peer:
    """The peer after a look at ``stamp``."""
    sample = Sample(stamp, view.latency_ms if view.is_online else None)
    samples = tuple(sorted({*old.samples, sample}, key=_sample_order)[-MAX_SAMPLES:])
    last_seen = max([old.last_seen_ms, stamp if view.is_online else 0])
    changes = _changes(old, samples)
    if stamp < old.stamp:
        return replace(old, samples=samples, last_seen_ms=last_seen, changes=changes)
    return Peer(
        name=view.name,
        url=view.url,
        description=view.description,
        is_online=view.is_online,
        stamp=stamp,
        latency_ms=view.latency_ms,
        skew_ms=view.skew_ms,
        version=view.version or "",
        protocols=view.protocols,
        error=view.error,
        state=view.state,
        backlog=old.backlog,
        last_seen_ms=last_seen,
        samples=samples,
        changes=changes,
    )


def changes_in(name: str, samples: tuple[Sample, ...]) -> tuple[Change, ...]:
    """Each time the peer came or went, as far as the samples tell."""
    return tuple(
        Change(after.at_ms, name, after.latency_ms is not None)
        for before, after in pairwise(samples)
        if (before.latency_ms is None) != (after.latency_ms is None)
    )


def _changes(old: Peer, samples: tuple[Sample, ...]) -> tuple[Change, ...]:
    """Those that the samples tell, and those from before them, which are remembered longer."""
    before = (change for change in old.changes if change.at_ms <= samples[0].at_ms)
    return (*before, *changes_in(old.name, samples))[-MAX_CHANGES:]


def _sample_order(sample: Sample) -> tuple[int, float]:
    return sample.at_ms, -1.0 if sample.latency_ms is None else sample.latency_ms
