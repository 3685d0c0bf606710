-- Price lists. A list takes effect at a full hour and stays in force until the next one does; neither it nor its prices ever change.

create table cloud.price_lists (
    version        integer primary key check (version > 0),
    currency       text        not null check (currency ~ '^[A-Z]{3}$'),
    effective_from timestamptz not null unique check (effective_from = date_trunc('hour', effective_from, 'UTC'))
);

create table cloud.prices (
    version  integer        not null references cloud.price_lists,
    sku      text           not null,
    unit     text           not null,
    per_unit numeric(38,12) not null check (per_unit >= 0),
    primary key (version, sku)
);

select cloud.declare_shared_table('price_lists', 'select', 'prices are the same for everybody');
select cloud.declare_shared_table('prices', 'select', 'prices are the same for everybody');
revoke update, delete on cloud.price_lists, cloud.prices from cloud_worker;

-- Storage is 0.15 and backup 0.095 per GiB and month of 730 hours; a million request units is 0.10.
insert into cloud.price_lists values (1, 'USD', '2026-01-01T00:00:00Z');
insert into cloud.prices (version, sku, unit, per_unit) values
    (1, 'instance.hours/sql/small',      'Hours',         0.032),
    (1, 'instance.hours/sql/medium',     'Hours',         0.104),
    (1, 'instance.hours/sql/large',      'Hours',         0.208),
    (1, 'instance.hours/sql/xlarge',     'Hours',         0.416),
    (1, 'instance.hours/storage/small',  'Hours',         0.036),
    (1, 'instance.hours/storage/medium', 'Hours',         0.118),
    (1, 'instance.hours/storage/large',  'Hours',         0.236),
    (1, 'instance.hours/storage/xlarge', 'Hours',         0.472),
    (1, 'instance.hours/pd/small',       'Hours',         0.020),
    (1, 'storage.gib-hours',             'GiB-Hours',     0.000205479452),
    (1, 'backup.gib-hours',              'GiB-Hours',     0.000130136986),
    (1, 'request-units',                 'Request Units', 0.0000001),
    (1, 'egress.gib',                    'GiB',           0.09);
