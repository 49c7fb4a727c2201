"""What the label protocol says of the frames of one session, looked at on one link.

Section 6: a host sends SYN (not SYN-ACK), FIN and RST without the session label, a client endpoint with
explicit null instead; all else carries it. Section 3.7: what the appliance sends to a label endpoint
carries it always.
"""

from rig.capture import ACK, FIN, RST, SYN

EXPLICIT_NULL = {4: 0, 6: 2}  # RFC 3032 2.1


def opens_or_closes(frame):
    """A packet that a host sends without its session label."""
    return bool(frame.flags & (FIN | RST)) or frame.flags & (SYN | ACK) == SYN


def without_repeats(frames):
    """Without each SYN and FIN that a host sent once more, as it may on a busy machine."""
    seen, kept = set(), []
    for frame in frames:
        kind = frame.source_mac, frame.flags & (SYN | FIN)
        if kind[1] and kind in seen:
            continue
        seen.add(kind)
        kept.append(frame)
    return kept


def session_label(frame):
    """Its one session label, or None."""
    labels = [label for label in frame.labels if label > 16]
    assert len(labels) <= 1, frame
    return labels[0] if labels else None


def labelled(frames):
    """How many have a session label."""
    return sum(session_label(frame) is not None for frame in frames)


def check_labelled(frames, host_mac, version, is_client, opening=opens_or_closes):
    """Every frame of a session on the link of a label endpoint; the session's pair.

    `opening`: tells which of the host's frames go without session label.
    """
    pairs = set()
    for frame in frames:
        from_host = frame.source_mac == host_mac
        towards_server = from_host == is_client
        if from_host and opening(frame):
            expected = (EXPLICIT_NULL[version],) if is_client else ()
            assert frame.labels == expected, frame
            continue
        assert len(frame.labels) == 1 and frame.bottom == (1,), frame
        label = frame.labels[0]
        assert 17 <= label <= 1048574, frame
        assert label % 2 == (1 if towards_server else 0), frame
        pairs.add((label - 1) >> 1)
    assert len(pairs) == 1, pairs
    pair = pairs.pop()
    return 2 * pair + 1, 2 * pair + 2


def check_plain(frames):
    for frame in frames:
        assert frame.labels == (), frame
