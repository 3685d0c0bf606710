create table if not exists cloud.operations (
    id                 uuid primary key,
    organization_id    uuid not null,
    project_id         uuid,
    cluster_id         uuid,
    kind               text not null,
    target             text not null,
    generation         bigint not null,
    state              text not null,
    steps              jsonb not null,
    created_at         timestamptz not null,
    started_at         timestamptz,
    ended_at           timestamptz,
    deadline           timestamptz not null,
    allowance          interval not null,
    deadline_missed_at timestamptz,
    attempts           integer not null default 1,
    error              jsonb,
    retry_at           timestamptz,
    owner              text,
    cancellable        boolean not null
);
create index if not exists operations_by_target on cloud.operations (target, created_at desc, id desc);
create index if not exists operations_by_organization on cloud.operations (organization_id, created_at desc, id desc);
create index if not exists operations_open on cloud.operations (cluster_id) where ended_at is null;
create index if not exists operations_due on cloud.operations (deadline) where ended_at is null and deadline_missed_at is null;
select cloud.protect_tenant_table('operations', 'operation');

-- Whoever waits for an operation listens here; the payload is the operation's UUID.
create or replace function cloud.notify_operation() returns trigger language plpgsql set search_path = cloud, pg_temp as $$
begin
    perform pg_notify('cloud_operation', new.id::text);
    return null;
end $$;
drop trigger if exists notify_operation on cloud.operations;
create trigger notify_operation after update on cloud.operations for each row execute function cloud.notify_operation();

-- What happened that somebody may want to know of; a missed deadline is one row here, once.
create table if not exists cloud.events (
    id              uuid primary key,
    organization_id uuid not null,
    project_id      uuid,
    kind            text not null,
    severity        text not null,
    target          text not null,
    occurred_at     timestamptz not null,
    data            jsonb not null
);
create index if not exists events_by_organization on cloud.events (organization_id, occurred_at desc, id desc);
select cloud.protect_tenant_table('events');
