-- A mailbox as the first schema made it; this text never changes.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE messages (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- place in the journal, never used twice
      direction TEXT NOT NULL,                -- in, out
      id TEXT NOT NULL,
      peer TEXT NOT NULL,                     -- sender of what came in, receiver of what goes out
      kind TEXT NOT NULL,                     -- message, ask, response
      state TEXT NOT NULL,                    -- in: new, leased, done; out: queued, delivered, ...
      reply_to TEXT,
      at_ms INTEGER NOT NULL,                 -- received or created, our clock
      stamped_at_ms INTEGER NOT NULL,         -- the timestamp that the wire message carries
      size INTEGER NOT NULL,                  -- bytes of payload as UTF-8
      finished_at_ms INTEGER,                 -- done, delivered, failed or expired since
      session TEXT,                           -- in: who holds the lease; out: who asked
      lease_id TEXT,
      turn INTEGER,
      channel TEXT,
      shown_at_ms INTEGER,
      shown_count INTEGER NOT NULL DEFAULT 0,
      nonce TEXT,                             -- out only
      expires_at_ms INTEGER,                  -- out only
      attempts INTEGER NOT NULL DEFAULT 0,
      last_error TEXT,
      ask_state TEXT,                         -- our asks: open, answered, timed_out, late
      answer_seq INTEGER,                     -- our asks: the row of the answer
      payload TEXT NOT NULL
    );
CREATE UNIQUE INDEX messages_by_id ON messages (id, direction, peer);
CREATE INDEX inbox_new ON messages (seq, size) WHERE state = 'new';
CREATE INDEX inbox_asks ON messages (peer, seq) WHERE state = 'new' AND kind = 'ask';
CREATE INDEX leases_by_id ON messages (lease_id, size) WHERE state = 'leased';
CREATE INDEX leases_by_session ON messages (session) WHERE state = 'leased';
CREATE INDEX outbox_queued ON messages (peer, seq) WHERE state = 'queued';
CREATE INDEX outbox_expiry ON messages (expires_at_ms) WHERE state = 'queued';
CREATE INDEX asks_open ON messages (peer, seq) WHERE ask_state = 'open';
CREATE INDEX finished ON messages (finished_at_ms) WHERE finished_at_ms IS NOT NULL;
CREATE TABLE nonce_log (
      seq INTEGER PRIMARY KEY,
      until_ms INTEGER NOT NULL,              -- when all of them may be forgotten
      nonces TEXT NOT NULL                    -- JSON list
    );

PRAGMA user_version = 1;
INSERT INTO meta VALUES ('machine_id', 'this-machine'), ('agent', 'ops'), ('is_open', 'no');
INSERT INTO messages
  (direction, id, peer, kind, state, at_ms, stamped_at_ms, size, session, lease_id, shown_count,
   finished_at_ms, nonce, expires_at_ms, ask_state, payload)
VALUES
  ('in', 'new-1', 'dev', 'message', 'new', 1767232600000, 1767232600000, 3, NULL, NULL, 0,
   NULL, NULL, NULL, NULL, 'new'),
  ('in', 'leased-1', 'dev', 'ask', 'leased', 1767232600000, 1767232600000, 6, 's1', 'l1', 1,
   NULL, NULL, NULL, NULL, 'leased'),
  ('in', 'done-1', 'dev', 'message', 'done', 1767232600000, 1767232600000, 4, 's1', 'l0', 1,
   1767232600000, NULL, NULL, NULL, 'done'),
  ('out', 'queued-1', 'dev', 'ask', 'queued', 1767232600000, 1767232600000, 6, 's1', NULL, 0,
   NULL, 'nonce-1', 1767236200000, 'open', 'queued');
INSERT INTO nonce_log (until_ms, nonces) VALUES (1767232660000, '["seen-1"]');
