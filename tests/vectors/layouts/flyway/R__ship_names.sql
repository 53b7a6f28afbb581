-- needs what stands in later/, whose description comes before
CREATE OR REPLACE VIEW ship_names AS SELECT name, fleet_size() AS fleet FROM ship;
