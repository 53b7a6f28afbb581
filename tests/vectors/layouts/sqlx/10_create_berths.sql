CREATE TABLE berth (id int);
