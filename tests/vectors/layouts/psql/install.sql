-- what psql runs, in this order
\set ON_ERROR_STOP on
\echo 'tables'
\ir tables/ships.sql
\ir tables/berths.sql

\echo 'views'
\i views.sql
