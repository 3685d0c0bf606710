-- Messages are hints that carry only ids; the truth is in the tables of the modules. An outbox row commits with the change it speaks
-- of, and a notification wakes the dispatchers of all processes.
create table if not exists cloud.outbox_messages (
    id             uuid primary key,
    kind           text not null,
    subject        uuid not null,
    schema_version smallint not null default 1,
    created_at     timestamptz not null default now(),
    not_before     timestamptz not null default now(),
    attempts       integer not null default 0
);
create index if not exists outbox_messages_due on cloud.outbox_messages (not_before, id);

create or replace function cloud.notify_outbox() returns trigger language plpgsql set search_path = cloud, pg_temp as $$
begin
    perform pg_notify('cloud_outbox', '');
    return null;
end $$;
drop trigger if exists notify_outbox on cloud.outbox_messages;
create trigger notify_outbox after insert on cloud.outbox_messages for each statement execute function cloud.notify_outbox();

select cloud.declare_shared_table('outbox_messages', 'insert', 'hints for workers: a kind and an id, written by requests, never read by them');

-- Which message a consumer has taken over. The row commits with the consumer's own effect.
create table if not exists cloud.inbox_messages (
    consumer    text not null,
    message_id  uuid not null,
    received_at timestamptz not null default now(),
    primary key (consumer, message_id)
);
create index if not exists inbox_messages_by_age on cloud.inbox_messages (received_at);
select cloud.declare_shared_table('inbox_messages', '', 'ids of messages that workers took over');

-- One row per thing that a reconciler looks after. A knock counts up wake_count and takes the lease if it is free, in one statement;
-- the holder gives the lease back only if handled_count has caught up with wake_count. See docs/design/lifecycle.md.
create table if not exists cloud.work_items (
    kind          text not null,
    id            uuid not null,
    wake_count    bigint not null default 0,
    handled_count bigint not null default 0,
    lease_token   bigint not null default 0,
    lease_owner   text,
    lease_until   timestamptz,
    not_before    timestamptz not null default now(),
    last_run_at   timestamptz,
    failures      integer not null default 0,
    last_error    text,
    primary key (kind, id),
    check (handled_count <= wake_count)
);
create index if not exists work_items_unhandled on cloud.work_items (kind, not_before) where handled_count < wake_count;
select cloud.declare_shared_table('work_items', '', 'leases of reconcilers: kinds, ids and counters');
