-- Replies to requests that carried an Idempotency-Key, kept for 24 hours. A row belongs to the principal who made the request.
create table cloud.idempotency_keys (
    principal_id uuid        not null,
    key          text        not null check (length(key) between 1 and 255),
    fingerprint  bytea       not null,
    status       smallint    not null,
    headers      jsonb       not null,
    body         bytea       not null,
    is_sealed    boolean     not null,
    created_at   timestamptz not null default now(),
    primary key (principal_id, key)
);
create index idempotency_keys_by_age on cloud.idempotency_keys (created_at);

alter table cloud.idempotency_keys enable row level security;
alter table cloud.idempotency_keys force row level security;
create policy app on cloud.idempotency_keys to cloud_app
    using (principal_id = (select cloud.current_principal())) with check (principal_id = (select cloud.current_principal()));
create policy worker on cloud.idempotency_keys to cloud_worker using (true) with check (true);
grant select, insert, update, delete on cloud.idempotency_keys to cloud_app, cloud_worker;
