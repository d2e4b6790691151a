process.env['PROPERTY_RUNS'] = '10000';
