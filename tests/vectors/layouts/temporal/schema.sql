-- the whole of it, for databases that begin anew
CREATE TABLE ship (id int PRIMARY KEY);
