-- People and how they prove who they are. People exist outside tenants: one person may be a member of many organizations.

create table cloud.users (
    id               uuid primary key,
    email            text        not null,
    email_normalized text        not null unique,
    name             text        not null,
    password_hash    text        not null,
    is_operator      boolean     not null default false,
    version          bigint      not null default 1,
    created_at       timestamptz not null,
    updated_at       timestamptz not null
);

create table cloud.sessions (
    id           uuid primary key,
    user_id      uuid        not null references cloud.users on delete cascade,
    created_at   timestamptz not null,
    last_used_at timestamptz not null,
    expires_at   timestamptz not null,
    revoked_at   timestamptz,
    address      text,
    user_agent   text
);
create index sessions_by_user on cloud.sessions (user_id);

-- Opaque tokens by their SHA-256. principal_id is a user or an API key; session_id is null for API keys.
create table cloud.access_tokens (
    hash           bytea primary key,
    principal_kind text        not null check (principal_kind in ('user', 'apiKey')),
    principal_id   uuid        not null,
    session_id     uuid references cloud.sessions on delete cascade,
    created_at     timestamptz not null,
    expires_at     timestamptz not null
);
create index access_tokens_by_principal on cloud.access_tokens (principal_id);
create index access_tokens_by_session on cloud.access_tokens (session_id);
create index access_tokens_by_expiry on cloud.access_tokens (expires_at);

-- Each refresh token is used once; a second use means that somebody copied it, and ends the session.
create table cloud.refresh_tokens (
    hash       bytea primary key,
    session_id uuid        not null references cloud.sessions on delete cascade,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz
);
create index refresh_tokens_by_session on cloud.refresh_tokens (session_id);

-- Failed sign-ins by the SHA-256 of the normalized address, known or unknown, so that a lock tells nobody which it is.
create table cloud.sign_in_failures (
    email_hash   bytea primary key,
    failures     integer     not null,
    last_at      timestamptz not null,
    locked_until timestamptz
);

create table cloud.one_time_links (
    hash       bytea primary key,
    purpose    text        not null check (purpose in ('operator')),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    used_by    uuid references cloud.users on delete set null
);

select cloud.declare_shared_table('users', 'select, insert, update, delete', 'people exist outside tenants');
select cloud.declare_shared_table('sessions', 'select, insert, update, delete', 'belong to people, who exist outside tenants');
select cloud.declare_shared_table('access_tokens', 'select, insert, update, delete', 'looked up before any tenant is known');
select cloud.declare_shared_table('refresh_tokens', 'select, insert, update, delete', 'looked up before any tenant is known');
select cloud.declare_shared_table('sign_in_failures', 'select, insert, update, delete', 'counts attempts of strangers');
select cloud.declare_shared_table('one_time_links', 'select, insert, update, delete', 'make the first operator of the cloud');
