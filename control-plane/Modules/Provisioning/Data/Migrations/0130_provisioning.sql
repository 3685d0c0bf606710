create table if not exists cloud.hosts (
    id                uuid primary key,
    location          text not null,
    name              text not null,
    state             text not null,
    agent_version     text not null,
    protocol_version  integer not null,
    boot_id           uuid not null,
    session_id        uuid,
    credential_hash   bytea not null,
    capacity          jsonb not null,
    versions          jsonb not null,
    joined_at         timestamptz not null,
    last_seen_at      timestamptz not null,
    silent_since      timestamptz,
    desired_revision  bigint not null default 1,
    observed_revision bigint not null default 0,
    port_cursor       integer not null default 0
);
create unique index if not exists hosts_by_credential on cloud.hosts (credential_hash);
select cloud.declare_shared_table('hosts', 'select', 'machines belong to the cloud; requests read what locations and versions there are');

-- Whoever holds the stream of a host listens here; the payload is the host's UUID.
create or replace function cloud.notify_host() returns trigger language plpgsql set search_path = cloud, pg_temp as $$
begin
    perform pg_notify('cloud_host', new.id::text);
    return null;
end $$;
drop trigger if exists notify_host on cloud.hosts;
create trigger notify_host after update of desired_revision on cloud.hosts for each row
    when (old.desired_revision is distinct from new.desired_revision) execute function cloud.notify_host();

-- Never emptied: a PD cluster id is not used twice, also not after the cluster is purged.
create table if not exists cloud.pd_cluster_ids (
    pd_cluster_id bigint primary key check (pd_cluster_id > 0),
    cluster_id    uuid not null unique
);
select cloud.declare_shared_table('pd_cluster_ids', '', 'numbers that were minted; only workers read them');

create table if not exists cloud.blueprints (
    cluster_id      uuid not null,
    number          bigint not null check (number > 0),
    organization_id uuid not null,
    document        jsonb not null,
    created_at      timestamptz not null,
    primary key (cluster_id, number)
);
select cloud.protect_tenant_table('blueprints');

create or replace function cloud.refuse_update() returns trigger language plpgsql set search_path = cloud, pg_temp as $$
begin
    raise exception 'rows of % are immutable', tg_table_name;
end $$;
drop trigger if exists immutable on cloud.blueprints;
create trigger immutable before update on cloud.blueprints for each row execute function cloud.refuse_update();

-- The wish for each instance, as its agent is told, beside the fact as the agent tells it.
create table if not exists cloud.instances (
    id                 uuid primary key,
    cluster_id         uuid not null,
    organization_id    uuid not null,
    host_id            uuid not null references cloud.hosts (id),
    role               text not null,
    ordinal            integer not null,
    size               text not null,
    memory_bytes       bigint not null,
    spec               jsonb not null,
    desired_revision   bigint not null,
    observed           jsonb,
    observed_at        timestamptz,
    first_ready_at     timestamptz,
    unique (cluster_id, role, ordinal)
);
create index if not exists instances_by_host on cloud.instances (host_id);
select cloud.protect_tenant_table('instances');

-- A port of a host belongs to one instance from its first blueprint until the cluster is purged.
create table if not exists cloud.host_ports (
    host_id     uuid not null references cloud.hosts (id),
    port        integer not null check (port between 1 and 32767),
    instance_id uuid not null,
    primary key (host_id, port)
);
create index if not exists host_ports_by_instance on cloud.host_ports (instance_id);
select cloud.declare_shared_table('host_ports', '', 'which ports of a machine are given out; only workers read them');
