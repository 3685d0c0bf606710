-- What is held (allocation spans) and what is done (usage windows). Money is nowhere in here.

create extension if not exists btree_gist with schema cloud;
set local search_path = cloud, public;

-- At any instant at most one span per resource, meter and slot. The check waits for the end of the transaction, because one unit of
-- work ends a span and begins the next in either order.
create table cloud.allocation_spans (
    id              uuid primary key,
    organization_id uuid           not null,
    cluster_id      uuid           not null,
    resource        text           not null check (length(resource) between 1 and 100),
    meter           text           not null,
    slot            text           not null default '' check (length(slot) <= 50),
    sku             text           not null,
    quantity        numeric(38,12) not null check (quantity > 0),
    span            tstzrange      not null
        check (not isempty(span) and lower_inc(span) and not upper_inc(span) and not lower_inf(span)),
    constraint allocation_spans_do_not_overlap
        exclude using gist (resource with =, meter with =, slot with =, span with &&) deferrable initially deferred
);
create index allocation_spans_by_cluster on cloud.allocation_spans (cluster_id, resource);
create index allocation_spans_by_time on cloud.allocation_spans using gist (organization_id, span);

-- One row per life of an instance and window, never changed. The id is a function of what is measured, so that a window that is
-- delivered again finds itself.
create table cloud.usage_windows (
    id              text primary key check (id ~ '^[0-9a-f]{32}$'),
    organization_id uuid        not null,
    cluster_id      uuid        not null,
    instance_id     uuid        not null,
    host_id         uuid        not null,
    incarnation     text        not null check (length(incarnation) between 1 and 100),
    window_start    timestamptz not null,
    window_end      timestamptz not null check (window_end > window_start),
    read_batches    bigint      not null check (read_batches >= 0),
    read_requests   bigint      not null check (read_requests >= 0),
    read_bytes      bigint      not null check (read_bytes >= 0),
    write_batches   bigint      not null check (write_batches >= 0),
    write_requests  bigint      not null check (write_requests >= 0),
    written_bytes   bigint      not null check (written_bytes >= 0),
    sql_cpu_ms      bigint      not null check (sql_cpu_ms >= 0),
    egress_bytes    bigint      not null check (egress_bytes >= 0),
    stored_bytes    bigint      not null check (stored_bytes >= 0),
    received_at     timestamptz not null,
    -- Whether the window came before its month was closed for billing; later ones are kept, and in the user's favour not billed.
    billed          boolean     not null
);
create index usage_windows_by_cluster on cloud.usage_windows (cluster_id, window_start, id);
create index usage_windows_by_life on cloud.usage_windows (instance_id, incarnation, window_start);

-- Sums of the billed windows that start within the hour. Grows in the statement that stores a window, so it is always the sum.
create table cloud.usage_hours (
    organization_id uuid        not null,
    cluster_id      uuid        not null,
    hour            timestamptz not null check (hour = date_trunc('hour', hour, 'UTC')),
    read_batches    bigint      not null,
    read_requests   bigint      not null,
    read_bytes      bigint      not null,
    write_batches   bigint      not null,
    write_requests  bigint      not null,
    written_bytes   bigint      not null,
    sql_cpu_ms      bigint      not null,
    egress_bytes    bigint      not null,
    windows         integer     not null,
    last_window_end timestamptz not null,
    primary key (cluster_id, hour)
);
create index usage_hours_by_time on cloud.usage_hours (organization_id, hour);

select cloud.protect_tenant_table('allocation_spans');
select cloud.protect_tenant_table('usage_windows');
select cloud.protect_tenant_table('usage_hours');

-- Requests only read; nobody changes or forgets a window.
revoke insert, update, delete on cloud.allocation_spans, cloud.usage_windows, cloud.usage_hours from cloud_app;
revoke update, delete on cloud.usage_windows from cloud_worker;

-- Where the windows of one life of an instance do not abut. The reader's rights apply.
create view cloud.usage_gaps with (security_invoker = true) as
    select organization_id, cluster_id, instance_id, incarnation, gap_start, gap_end
    from (
        select organization_id, cluster_id, instance_id, incarnation, window_start as gap_end,
               lag(window_end) over (partition by instance_id, incarnation order by window_start) as gap_start
        from cloud.usage_windows
    ) neighbours
    where gap_start < gap_end;
grant select on cloud.usage_gaps to cloud_app, cloud_worker;
