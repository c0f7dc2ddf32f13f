module example.org/groundcontrol/bench

go 1.26.0

require example.org/groundcontrol v0.0.0

replace example.org/groundcontrol => ../
