package wire

import "example.org/groundcontrol/internal/control"

// Each function below reads the object that begins at the scanner's place into an input.
// Names of members are case-sensitive, unknown members are skipped, null is "not given",
// and of a member given twice the last counts.

func createMembers(s *scanner, in *control.CreateResourceInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "TypeVersionId":
			in.TypeVersionId = s.text()
		case "RoleArn":
			in.RoleArn = s.text()
		case "ClientToken":
			in.ClientToken = s.text()
		case "DesiredState":
			in.DesiredState = s.text()
		default:
			s.skip()
		}
	})
}

func updateMembers(s *scanner, in *control.UpdateResourceInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "TypeVersionId":
			in.TypeVersionId = s.text()
		case "RoleArn":
			in.RoleArn = s.text()
		case "ClientToken":
			in.ClientToken = s.text()
		case "Identifier":
			in.Identifier = s.text()
		case "PatchDocument":
			in.PatchDocument = s.text()
		default:
			s.skip()
		}
	})
}

func deleteMembers(s *scanner, in *control.DeleteResourceInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "TypeVersionId":
			in.TypeVersionId = s.text()
		case "RoleArn":
			in.RoleArn = s.text()
		case "ClientToken":
			in.ClientToken = s.text()
		case "Identifier":
			in.Identifier = s.text()
		default:
			s.skip()
		}
	})
}

func getMembers(s *scanner, in *control.GetResourceInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "TypeVersionId":
			in.TypeVersionId = s.text()
		case "RoleArn":
			in.RoleArn = s.text()
		case "Identifier":
			in.Identifier = s.text()
		default:
			s.skip()
		}
	})
}

func listMembers(s *scanner, in *control.ListResourcesInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "TypeName":
			in.TypeName = s.text()
		case "TypeVersionId":
			in.TypeVersionId = s.text()
		case "RoleArn":
			in.RoleArn = s.text()
		case "NextToken":
			in.NextToken = s.text()
		case "MaxResults":
			in.MaxResults = s.integer()
		case "ResourceModel":
			in.ResourceModel = s.text()
		default:
			s.skip()
		}
	})
}

func statusMembers(s *scanner, in *control.GetResourceRequestStatusInput) {
	s.object(func(name []byte) {
		if string(name) == "RequestToken" {
			in.RequestToken = s.text()
		} else {
			s.skip()
		}
	})
}

func cancelMembers(s *scanner, in *control.CancelResourceRequestInput) {
	s.object(func(name []byte) {
		if string(name) == "RequestToken" {
			in.RequestToken = s.text()
		} else {
			s.skip()
		}
	})
}

func requestsMembers(s *scanner, in *control.ListResourceRequestsInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "MaxResults":
			in.MaxResults = s.integer()
		case "NextToken":
			in.NextToken = s.text()
		case "ResourceRequestStatusFilter":
			in.ResourceRequestStatusFilter = filterMember(s)
		default:
			s.skip()
		}
	})
}

func filterMember(s *scanner) *control.RequestStatusFilter {
	if !s.at('{', "Expected structure or null") {
		return nil
	}
	in := new(control.RequestStatusFilter)
	s.object(func(name []byte) {
		switch string(name) {
		case "Operations":
			in.Operations = s.texts()
		case "OperationStatuses":
			in.OperationStatuses = s.texts()
		default:
			s.skip()
		}
	})
	return in
}

func describeMembers(s *scanner, in *control.DescribeRequestInput) {
	s.object(func(name []byte) {
		if string(name) == "RequestToken" {
			in.RequestToken = s.text()
		} else {
			s.skip()
		}
	})
}

func resumeMembers(s *scanner, in *control.ResumeRequestInput) {
	s.object(func(name []byte) {
		if string(name) == "RequestToken" {
			in.RequestToken = s.text()
		} else {
			s.skip()
		}
	})
}

func failMembers(s *scanner, in *control.FailRequestInput) {
	s.object(func(name []byte) {
		switch string(name) {
		case "RequestToken":
			in.RequestToken = s.text()
		case "Reason":
			in.Reason = s.text()
		default:
			s.skip()
		}
	})
}

// noMembers only checks that the body is an object.
func noMembers(s *scanner, _ *struct{}) { s.skip() }
