DROP TABLE berth;
DROP TYPE berth_kind;
DROP TABLE port;
