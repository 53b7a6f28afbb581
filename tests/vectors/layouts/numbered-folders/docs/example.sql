SELECT 'no part of it';
