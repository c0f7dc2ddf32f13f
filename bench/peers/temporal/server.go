package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	postgres "go.temporal.io/server/schema/postgresql/v12"
	namespaces "go.temporal.io/server/schema/sqlite" // works on every database
	"go.temporal.io/server/temporal"
	"go.temporal.io/server/tools/common/schema"
	sqltool "go.temporal.io/server/tools/sql"

	"example.org/groundcontrol/bench/peers/internal/round"
)

const (
	loopback = "127.0.0.1"
	here     = "active" // the name of the one cluster

	store      = "store" // the names of the two databases
	visibility = "visibility"
)

// startServer starts a node with all services on fresh databases and returns the
// address of its API.
func startServer(s round.Spec) (temporal.Server, string, error) {
	at, err := url.Parse(s.Postgres)
	if err != nil {
		return nil, "", err
	}
	main, lists := databaseAt(at, "_main"), databaseAt(at, "_lists")
	if err := makeTables(main, "temporal", postgres.Version); err != nil {
		return nil, "", err
	}
	if err := makeTables(lists, "visibility", postgres.VisibilityVersion); err != nil {
		return nil, "", err
	}
	ns, err := namespaces.NewNamespaceConfig(here, namespace, false, nil)
	if err != nil {
		return nil, "", err
	}
	if err := namespaces.CreateNamespaces(main, ns); err != nil {
		return nil, "", err
	}
	ports, err := freePorts(8)
	if err != nil {
		return nil, "", err
	}
	var api string
	services := map[string]config.Service{}
	for i, name := range temporal.DefaultServices {
		if name == "frontend" {
			api = fmt.Sprintf("%s:%d", loopback, ports[2*i])
		}
		services[name] = config.Service{RPC: config.RPC{GRPCPort: ports[2*i], MembershipPort: ports[2*i+1], BindOnIP: loopback}}
	}
	c := &config.Config{
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: loopback}},
		Persistence: config.Persistence{
			DefaultStore: store, VisibilityStore: visibility, NumHistoryShards: 4,
			DataStores: map[string]config.DataStore{store: {SQL: main}, visibility: {SQL: lists}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10, MasterClusterName: here, CurrentClusterName: here,
			ClusterInformation: map[string]cluster.ClusterInformation{here: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: api}},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: api},
		Services:            services,
		Archival: config.Archival{
			History: config.HistoryArchival{State: "disabled"}, Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(c), temporal.ForServices(temporal.DefaultServices), temporal.WithLogger(log.NewNoopLogger()),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()), temporal.WithDynamicConfigClient(settings()),
		temporal.WithCustomMetricsHandler(metrics.NoopMetricsHandler),
	)
	if err != nil {
		return nil, "", err
	}
	return server, api, server.Start()
}

// databaseAt is a database beside the one at the address, by its name and a suffix.
func databaseAt(at *url.URL, suffix string) *config.SQL {
	return &config.SQL{
		PluginName: postgresql.PluginNamePGX, User: at.User.Username(), ConnectProtocol: "tcp", ConnectAddr: at.Host,
		DatabaseName: strings.TrimPrefix(at.Path, "/") + suffix, MaxConns: 20, MaxIdleConns: 20, MaxConnLifetime: time.Hour,
	}
}

// makeTables makes the database with Temporal's tables of one kind.
func makeTables(db *config.SQL, kind, version string) error {
	beside := *db // it is changed by the call
	if err := sqltool.DoCreateDatabase(&beside, "postgres", log.NewNoopLogger()); err != nil {
		return err
	}
	conn, err := sqltool.NewConnection(db, log.NewNoopLogger())
	if err != nil {
		return err
	}
	defer conn.Close()
	c := &schema.SetupConfig{SchemaName: "postgresql/v12/" + kind, InitialVersion: version}
	return schema.NewSetupSchemaTask(conn, c, log.NewNoopLogger()).Run()
}

// settings lift the limits that are there to protect a cluster from its clients, and
// keep each task queue in one partition.
func settings() dynamicconfig.StaticClient {
	c := dynamicconfig.StaticClient{}
	set := func(s dynamicconfig.GenericSetting, v any) {
		c[s.Key()] = []dynamicconfig.ConstrainedValue{{Value: v}}
	}
	const unlimited = 1_000_000
	for _, s := range []dynamicconfig.GenericSetting{
		dynamicconfig.FrontendRPS, dynamicconfig.FrontendMaxNamespaceRPSPerInstance, dynamicconfig.FrontendPersistenceMaxQPS,
		dynamicconfig.HistoryRPS, dynamicconfig.HistoryPersistenceMaxQPS,
		dynamicconfig.MatchingRPS, dynamicconfig.MatchingPersistenceMaxQPS,
		dynamicconfig.WorkerPersistenceMaxQPS, dynamicconfig.VisibilityPersistenceMaxWriteQPS,
		dynamicconfig.FrontendMaxConcurrentLongRunningRequestsPerInstance,
	} {
		set(s, unlimited)
	}
	set(dynamicconfig.MatchingNumTaskqueueReadPartitions, 1)
	set(dynamicconfig.MatchingNumTaskqueueWritePartitions, 1)
	return c
}

// freePorts finds ports that nobody listens on. They are below 32768: Temporal writes
// its own down in PostgreSQL's smallint.
func freePorts(n int) ([]int, error) {
	var ports []int
	for port := 20000; len(ports) < n; port++ {
		if port == 30000 {
			return nil, errors.New("no free ports")
		}
		l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", loopback, port))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	return ports, nil
}
