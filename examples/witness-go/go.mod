module example.org/groundcontrol/examples/witness-go

go 1.26.0
