-- The wish: written by requests alone.
create table if not exists cloud.clusters (
    id                  uuid primary key,
    organization_id     uuid not null,
    project_id          uuid not null,
    name                text not null,
    spec                jsonb not null,
    generation          bigint not null,
    work_generation     bigint not null,
    created_at          timestamptz not null,
    updated_at          timestamptz not null,
    deleted_at          timestamptz,
    purge_time          timestamptz,
    purge_requested_at  timestamptz,
    undeleted_at        timestamptz,
    check ((deleted_at is null) = (purge_time is null)),
    check (purge_requested_at is null or deleted_at is not null)
);
create unique index if not exists clusters_live_name on cloud.clusters (project_id, name) where deleted_at is null;
create index if not exists clusters_by_project on cloud.clusters (project_id, created_at, id);
create index if not exists clusters_by_purge_time on cloud.clusters (purge_time) where purge_time is not null;
select cloud.protect_tenant_table('clusters', 'cluster');

-- The fact: inserted with the cluster, written afterwards by the reconciler (and by an undelete, which takes quota again), so that a
-- user's change and a reconcile never collide on a row. Both lock it before they read the cluster.
create table if not exists cloud.cluster_statuses (
    cluster_id          uuid primary key references cloud.clusters (id),
    organization_id     uuid not null,
    phase               text not null,
    observed_generation bigint not null default 0,
    was_available       boolean not null default false,
    available_at        timestamptz,
    purged_at           timestamptz,
    compute_quota_held  boolean not null,
    volume_quota_held   boolean not null,
    conditions          jsonb not null default '[]',
    reason              text not null default '',
    reconciled_at       timestamptz
);
create index if not exists cluster_statuses_unpurged on cloud.cluster_statuses (cluster_id) where purged_at is null;
select cloud.protect_tenant_table('cluster_statuses');

-- SQL users as desired state: verifiers, never passwords.
create table if not exists cloud.sql_users (
    cluster_id          uuid not null references cloud.clusters (id),
    name                text not null,
    organization_id     uuid not null,
    native_verifier     text,
    sha2_verifier       text not null,
    grants              text not null,
    created_at          timestamptz not null,
    primary key (cluster_id, name)
);
select cloud.protect_tenant_table('sql_users');
