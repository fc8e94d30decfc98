"""Every error that meshbot raises on purpose.

One base and one class for each thing that can be wrong; library errors are translated where
they enter. Borders (HTTP, MCP, command line, console) catch ``MeshError`` and nothing wider.
"""

from typing import ClassVar


class MeshError(Exception):
    """Base of the tree; caught at a border.

    ``code`` is the stable word that peers and scripts may match on, ``http_status`` what the
    listener answers, ``exit_status`` what a command ends with, ``hint`` what a person can do next.
    """

    code: ClassVar[str] = "mesh_error"
    http_status: ClassVar[int] = 400
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InvalidNameError(MeshError):
    """A name that no agent or mesh may have."""

    code = "invalid_name"
    exit_status = 2


class NameTakenError(MeshError):
    """Somebody else has that name on the mesh."""

    code = "name_taken"
    http_status = 409


class InvalidUrlError(MeshError):
    """A peer URL that nothing can be sent to."""

    code = "invalid_url"
    exit_status = 2


class InvalidArgumentError(MeshError):
    """A value outside what the operation takes."""

    code = "invalid_argument"
    exit_status = 2


class UnsupportedPlatformError(MeshError):
    """This system or file system cannot carry a mesh."""

    code = "unsupported_platform"


class MeshNotFoundError(MeshError):
    """There is no mesh of that name in the home folder."""

    code = "mesh_not_found"


class MeshExistsError(MeshError):
    """A mesh of that name is there already."""

    code = "mesh_exists"


class ConfigError(MeshError):
    """A file of the mesh cannot be read or says something it may not say.

    The message names the file, then line and column or the member, then what was expected.
    """

    code = "config_error"


class KeyFileError(MeshError):
    """A key is missing, unreadable, damaged or of another machine."""

    code = "key_error"


class StorageError(MeshError):
    """A file or folder of the mesh cannot be written, or is not safely ours."""

    code = "storage_error"
    http_status = 503


class ManifestUnavailableError(MeshError):
    """This mesh has no signed manifest, or its manifest cannot be read."""

    code = "manifest_unavailable"
    http_status = 503


class UnknownManifestError(MeshError):
    """The manifest that is here has another version."""

    code = "unknown_manifest"
    http_status = 404


class UnknownPeerError(MeshError):
    """No peer of that name is in the mesh; nothing is queued for it."""

    code = "unknown_peer"

    def __init__(self, peer: str, known: tuple[str, ...]) -> None:
        super().__init__(f'Unknown agent "{peer}". Known peers: {", ".join(known)}')
        self.peer = peer
        self.known = known


class UnknownLocalAgentError(MeshError):
    """No agent of that name has a place on this machine."""

    code = "unknown_local_agent"


class PeerError(MeshError):
    """Something went wrong between us and one peer."""

    code = "peer_error"
    http_status = 502


class PeerUnreachableError(PeerError):
    """The peer's listener does not answer in time, or at all."""

    code = "peer_unreachable"


class PeerRefusedError(PeerError):
    """The peer answered, and said no.

    ``status`` is its HTTP status; ``is_final`` tells whether trying again can help.
    """

    code = "peer_refused"

    def __init__(self, message: str, *, status: int, is_final: bool, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.is_final = is_final


class NoAnswerError(PeerError):
    """The peer did not answer a question in time; what still comes goes to the inbox."""

    code = "no_answer"
    http_status = 504


class RefusedMessageError(MeshError):
    """A message from outside that we do not take; ``http_status`` is the answer it gets."""

    code = "bad_message"


class UnauthorizedError(RefusedMessageError):
    """The bearer is missing or is not the mesh key."""

    code = "unauthorized"
    http_status = 401


class StaleMessageError(RefusedMessageError):
    """The message's time is further from our clock than the replay window."""

    code = "stale"


class BadSignatureError(RefusedMessageError):
    """The hmac does not belong to this message and key."""

    code = "bad_hmac"


class ReplayedMessageError(RefusedMessageError):
    """The nonce was seen before, inside the replay window."""

    code = "replayed"


class NotForUsError(RefusedMessageError):
    """``to`` names another agent."""

    code = "not_for_us"
    http_status = 404


class NoSuchPathError(RefusedMessageError):
    """No endpoint has this path and method."""

    code = "no_such_path"
    http_status = 404


class TooLargeError(RefusedMessageError):
    """The message or its parts are over the mesh's limits."""

    code = "too_large"
    http_status = 413


class EnvelopeError(MeshError):
    """A signed envelope that is malformed or whose signature does not hold."""

    code = "bad_envelope"


class MailboxError(MeshError):
    """The mailbox cannot do this now; the caller still holds the message."""

    code = "mailbox_error"
    http_status = 503


class MailboxFullError(MailboxError):
    """The inbox is at its limit."""

    code = "mailbox_full"


class MailboxUnavailableError(MailboxError):
    """The disk is full, or the file is read-only, locked by another program, or closed."""

    code = "mailbox_unavailable"


class MailboxSchemaError(MailboxError):
    """The mailbox was written by a newer meshbot; it was left untouched."""

    code = "mailbox_schema"


class NoSuchMessageError(MeshError):
    """No message of that id is in the mailbox."""

    code = "no_such_message"
    http_status = 404


class HostError(MeshError):
    """The agent host cannot do this."""

    code = "host_error"
    http_status = 500


class HostRunningError(HostError):
    """Another host owns this agent on this machine."""

    code = "host_running"
    http_status = 409


class HostUnavailableError(HostError):
    """No host answers on this agent's control socket."""

    code = "host_unavailable"
    http_status = 503


class HostVersionError(HostUnavailableError):
    """A host answers, but is of another version, and what it says is not understood."""

    code = "host_version"


class PortInUseError(HostError):
    """The address we were told to listen on is taken."""

    code = "port_in_use"
    http_status = 409


class SessionError(MeshError):
    """Base of what concerns a host's session."""

    code = "session_error"
    http_status = 409


class SessionRunningError(SessionError):
    """A session runs already."""

    code = "session_running"


class NoSessionError(SessionError):
    """The host has no session that runs."""

    code = "no_session"
    http_status = 404


class SessionFolderError(SessionError):
    """The folder that a session is to run in cannot be used."""

    code = "session_folder"
    http_status = 400


class FleetFileError(MeshError):
    """A fleet file cannot be read or says something it may not say; its line is named."""

    code = "fleet_file"
    exit_status = 2


class NoSuchApprovalError(SessionError):
    """No approval of that id waits or was decided here, or the prefix fits several."""

    code = "no_such_approval"
    http_status = 404


class ApprovalDecidedError(SessionError):
    """Somebody was quicker; the message says who and when."""

    code = "approval_decided"


class DecisionForbiddenError(SessionError):
    """A session cannot decide what sessions may do."""

    code = "decision_forbidden"
    http_status = 403


class GuardPausedError(SessionError):
    """The agent went past one of its limits and waits for a human's word."""

    code = "guard_paused"
    http_status = 429


class ClaudeError(MeshError):
    """Claude Code cannot be used as we need it."""

    code = "claude_error"


class ClaudeMissingError(ClaudeError):
    """There is no ``claude`` here that runs."""

    code = "claude_missing"


class ClaudeTooOldError(ClaudeError):
    """This version of Claude Code lacks what a session on the mesh needs."""

    code = "claude_too_old"


class ClaudeNotLoggedInError(ClaudeError):
    """Claude Code runs, but has no account and no API key."""

    code = "claude_not_logged_in"


class ClaudeFlagError(ClaudeError):
    """A flag of Claude Code's that a session on the mesh cannot take."""

    code = "claude_flag"
    exit_status = 2


class ClaudeEventError(ClaudeError):
    """What Claude Code, or somebody in its name, told us is not what it may look like."""

    code = "claude_event"


class ClaudeEventTooLargeError(ClaudeEventError):
    """An event that is larger than any real one."""

    code = "claude_event_too_large"
    http_status = 413
