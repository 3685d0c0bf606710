-- Requests read what a host offers, never the hash of its credential.
revoke select on cloud.hosts from cloud_app;
grant select (id, location, name, state, capacity, versions, session_id, silent_since, last_seen_at, observed_revision, port_cursor)
    on cloud.hosts to cloud_app;
