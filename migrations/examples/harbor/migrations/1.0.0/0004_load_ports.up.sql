-- The ports we start with. The rows stand in the file, between COPY and the line with \. alone.

COPY port (code, name, time_zone) FROM stdin;
NLRTM	Rotterdam	Europe/Amsterdam
BEANR	Antwerp	Europe/Brussels
DEHAM	Hamburg	Europe/Berlin
FRLEH	Le Havre	Europe/Paris
PTSIE	Sines; Alentejo	Europe/Lisbon
\.

INSERT INTO berth (port_code, name, kind, length_m, depth_m) VALUES
    ('NLRTM', 'Maasvlakte 1', 'container', 420.0, 19.6),
    ('NLRTM', 'Botlek 4', 'tanker', 280.0, 14.5),
    ('BEANR', 'Deurganck 2', 'container', 400.0, 17.0),
    ('DEHAM', 'Steinwerder', 'passenger', 360.0, 10.5),
    ('FRLEH', 'Port 2000', 'container', 400.0, 16.5),
    ('PTSIE', 'Terminal XXI', 'container', 380.0, 17.5);
