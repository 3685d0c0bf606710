-- The gap watch looks at what arrived lately. Rows are appended in about that order, so a block-range index is all it needs.

create index usage_windows_by_arrival on cloud.usage_windows using brin (received_at) with (pages_per_range = 16);
