package lockstep.lib.routes_test

import data.lockstep.lib.routes

test_a_route_goes_by_its_name_its_port_or_its_place if {
	routes.name({"name": "weighted"}, "http", 0) == "weighted"
	routes.name({"match": [{"port": 8001}]}, "http", 2) == 2
	routes.name({"match": [{"port": 8001}]}, "tcp", 0) == 8001
	routes.name({"match": []}, "tcp", 1) == 1
	routes.name({}, "tcp", 1) == 1
}
