"""The rooms behind `measurement.simulate`: market, media, responses, optimum, tests, files of a made-up advertiser."""
