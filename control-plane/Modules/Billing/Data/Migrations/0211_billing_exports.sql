-- Exports of a month's charges. The files lie under CLOUD_HOME/exports; what they must contain is in here.

create table cloud.billing_exports (
    id              uuid primary key,
    organization_id uuid        not null,
    operation_id    uuid        not null,
    format          text        not null,
    encoding        text        not null,
    month           text        not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
    state           text        not null,
    files           jsonb       not null,
    created_at      timestamptz not null,
    ended_at        timestamptz
);
create index billing_exports_by_age on cloud.billing_exports (organization_id, created_at, id);
create index billing_exports_unfinished on cloud.billing_exports (id) where ended_at is null;

select cloud.protect_tenant_table('billing_exports', 'billingExport');
