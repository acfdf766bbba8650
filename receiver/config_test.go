// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.yaml.in/yaml/v3"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
	"github.com/ebpfgo/ebpfgoreceiver/internal/metadata"
	"github.com/ebpfgo/ebpfgoreceiver/internal/metadatatest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

func TestConfigStruct(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(createDefaultConfig()))
}

func TestConfigFile(t *testing.T) {
	off, ratio := false, 0.01
	minimal := createDefaultConfig().(*Config)
	minimal.Targets = []TargetConfig{{SelectorConfig: SelectorConfig{Executable: "/opt/shop/*"}}}
	full := &Config{
		Targets: []TargetConfig{
			{
				SelectorConfig:     SelectorConfig{Executable: "/srv/*/bin/*"},
				ServiceName:        "checkout",
				ResourceAttributes: map[string]string{"team": "payments"},
			},
			{SelectorConfig: SelectorConfig{Ports: []PortRange{{First: 8080, Last: 8080}, {First: 9000, Last: 9099}}}},
			{SelectorConfig: SelectorConfig{Environment: map[string]string{"TRACE_ME": "1"}}},
			{SelectorConfig: SelectorConfig{PIDs: []int{4711}}},
			{SelectorConfig: SelectorConfig{ContainerIDs: []string{"3f4a*"}, Ports: []PortRange{{First: 443, Last: 443}}}},
		},
		Exclude: []SelectorConfig{
			{Executable: "/srv/legacy/**"},
			{Ports: []PortRange{{First: 9100, Last: 9100}}},
		},
		Instrumentations: map[string]InstrumentationConfig{
			"net_http_server": {},
			"net_http_client": {Enabled: &off},
		},
		Propagation: PropagationConfig{
			Mode:    tracer.PropagationSocket,
			Formats: []tracer.PropagationFormat{tracer.FormatTraceContext, tracer.FormatB3Multi},
		},
		Sampler:      SamplerConfig{Type: "parent_based_trace_id_ratio", Ratio: &ratio},
		PollInterval: 30 * time.Second,
		Batch:        BatchConfig{MaxSpans: 256, Timeout: time.Second},
		QueueSize:    4096,
		OffsetsFile:  "/etc/ebpfgo/offsets.txt",
	}

	file, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	for _, test := range []struct {
		id   component.ID
		want *Config
	}{
		{id: component.NewID(metadata.Type), want: minimal},
		{id: component.NewIDWithName(metadata.Type, "full"), want: full},
	} {
		t.Run(test.id.String(), func(t *testing.T) {
			section, err := file.Sub(test.id.String())
			require.NoError(t, err)
			cfg := createDefaultConfig()
			require.NoError(t, section.Unmarshal(cfg))
			require.NoError(t, confmap.Validate(cfg))
			assert.Equal(t, test.want, cfg)
		})
	}
}

func TestConfigSurvivesMarshalling(t *testing.T) {
	file, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	section, err := file.Sub("ebpfgo/full")
	require.NoError(t, err)
	cfg := createDefaultConfig()
	require.NoError(t, section.Unmarshal(cfg))

	written := confmap.New()
	require.NoError(t, written.Marshal(cfg))
	again := createDefaultConfig()
	require.NoError(t, written.Unmarshal(again))
	assert.Equal(t, cfg, again)
}

// Every mistake is reported with the path of its key, by the decoding or by Validate.
func TestConfigErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		yaml string
		want []string
	}{
		{name: "nothing", yaml: ``, want: []string{"targets: at least one entry is required"}},
		{name: "no target", yaml: `targets: []`, want: []string{"targets: at least one entry is required"}},
		{name: "only exclude", yaml: `exclude: [{pids: [1]}]`, want: []string{"targets: at least one entry is required"}},
		{name: "unknown key", yaml: `{targets: [{pids: [1]}], tragets: []}`, want: []string{"tragets"}},
		{name: "unknown key of a target", yaml: `targets: [{pids: [1]}, {exe: /bin/true}]`, want: []string{"targets[1]", "exe"}},
		{name: "unknown key of an exclusion", yaml: `{targets: [{pids: [1]}], exclude: [{service_name: a}]}`, want: []string{"exclude[0]", "service_name"}},
		{name: "unknown key of an instrumentation", yaml: `{targets: [{pids: [1]}], instrumentations: {net_http_server: {on: true}}}`, want: []string{"instrumentations.net_http_server.on: no such key"}},
		{name: "unknown key of the batch", yaml: `{targets: [{pids: [1]}], batch: {size: 1}}`, want: []string{"batch", "size"}},
		{name: "empty target", yaml: `targets: [{pids: [1]}, {}]`, want: []string{"targets[1]: no condition"}},
		{name: "null target", yaml: `targets: [null]`, want: []string{"targets[0]: no condition"}},
		{name: "target of attributes alone", yaml: `targets: [{service_name: a}]`, want: []string{"targets[0]: no condition"}},
		{name: "empty exclusion", yaml: `{targets: [{pids: [1]}], exclude: [{}]}`, want: []string{"exclude[0]: no condition"}},
		{name: "empty list of ports", yaml: `targets: [{ports: []}]`, want: []string{"targets[0]: no condition"}},
		{name: "bad executable", yaml: `targets: [{executable: "/srv/["}]`, want: []string{"targets[0]: executable"}},
		{name: "bad executable of an exclusion", yaml: `{targets: [{pids: [1]}], exclude: [{executable: "/srv/["}]}`, want: []string{"exclude[0]: executable"}},
		{name: "bad environment", yaml: `targets: [{environment: {TRACE_ME: "["}}]`, want: []string{"targets[0]: environment: TRACE_ME"}},
		{name: "environment of a number", yaml: `targets: [{environment: {TRACE_ME: 1}}]`, want: []string{"targets[0].environment[TRACE_ME]"}},
		{name: "bad container", yaml: `targets: [{container_ids: ["a", "["]}]`, want: []string{"targets[0]: container_ids"}},
		{name: "bad pid", yaml: `targets: [{pids: [1, 0]}]`, want: []string{"targets[0]: pids: 0"}},
		{name: "pid of a text", yaml: `targets: [{pids: [init]}]`, want: []string{"targets[0].pids[0]"}},
		{name: "port range upside down", yaml: `targets: [{pids: [1]}, {ports: ["9000-8000"]}]`, want: []string{`targets[1].ports[0]`, `"9000-8000" is not a port or range`}},
		{name: "port of a word", yaml: `targets: [{ports: [80, http]}]`, want: []string{`targets[0].ports[1]`, `"http" is not a port or range`}},
		{name: "port too large", yaml: `targets: [{ports: [65536]}]`, want: []string{`targets[0].ports[0]`, `"65536" is not a port or range`}},
		{name: "port zero", yaml: `targets: [{ports: [0]}]`, want: []string{`targets[0].ports[0]`, `"0" is not a port or range`}},
		{name: "port negative", yaml: `targets: [{ports: [-1]}]`, want: []string{`targets[0].ports[0]`, `"-1" is not a port or range`}},
		{name: "port open range", yaml: `targets: [{ports: ["80-"]}]`, want: []string{`targets[0].ports[0]`, `"80-" is not a port or range`}},
		{name: "port null", yaml: `targets: [{ports: [null]}]`, want: []string{`targets[0].ports[0]`}},
		{name: "port of a map", yaml: `targets: [{ports: [{first: 1}]}]`, want: []string{`targets[0].ports[0]`}},
		{name: "attribute without name", yaml: `targets: [{pids: [1], resource_attributes: {"": a}}]`, want: []string{"targets[0]: resource_attributes"}},
		{name: "unknown instrumentation", yaml: `{targets: [{pids: [1]}], instrumentations: {net_htp: {enabled: true}}}`, want: []string{"instrumentations.net_htp", "net_http_client"}},
		{name: "all off", yaml: `{targets: [{pids: [1]}], instrumentations: {` + strings.Join(catalog.Names(), ": {enabled: false}, ") + `: {enabled: false}}}`, want: []string{"instrumentations: all are off"}},
		{name: "unknown mode", yaml: `{targets: [{pids: [1]}], propagation: {mode: both}}`, want: []string{`propagation.mode: "both" is not one of auto, write, socket, off`}},
		{name: "empty mode", yaml: `{targets: [{pids: [1]}], propagation: {mode: ""}}`, want: []string{`propagation.mode: "" is not one of auto, write, socket, off`}},
		{name: "unknown format", yaml: `{targets: [{pids: [1]}], propagation: {formats: [b3, jaeger]}}`, want: []string{`propagation.formats[1]: "jaeger" is not one of tracecontext, b3, b3multi`}},
		{name: "no formats", yaml: `{targets: [{pids: [1]}], propagation: {formats: []}}`, want: []string{"propagation.formats: at least one of tracecontext, b3, b3multi is required"}},
		{name: "format twice", yaml: `{targets: [{pids: [1]}], propagation: {formats: [b3, tracecontext, b3]}}`, want: []string{`propagation.formats[2]: "b3" is there twice`}},
		{name: "unknown key of propagation", yaml: `{targets: [{pids: [1]}], propagation: {way: write}}`, want: []string{"propagation", "way"}},
		{name: "sampler without a type", yaml: `{targets: [{pids: [1]}], sampler: {type: ""}}`, want: []string{`sampler.type: "" is not one of always_on, always_off, trace_id_ratio,`}},
		{name: "unknown sampler", yaml: `{targets: [{pids: [1]}], sampler: {type: traceidratio}}`, want: []string{`sampler.type: "traceidratio" is not one of`, "parent_based_trace_id_ratio"}},
		{name: "ratio alone", yaml: `{targets: [{pids: [1]}], sampler: {ratio: 0.5}}`, want: []string{"sampler.ratio: parent_based_always_on has none; those that do are trace_id_ratio, parent_based_trace_id_ratio"}},
		{name: "no ratio", yaml: `{targets: [{pids: [1]}], sampler: {type: trace_id_ratio}}`, want: []string{"sampler.ratio: is required, for trace_id_ratio"}},
		{name: "ratio above one", yaml: `{targets: [{pids: [1]}], sampler: {type: trace_id_ratio, ratio: 1.5}}`, want: []string{"sampler.ratio: 1.5 is not between 0 and 1"}},
		{name: "ratio below zero", yaml: `{targets: [{pids: [1]}], sampler: {type: trace_id_ratio, ratio: -0.1}}`, want: []string{"sampler.ratio: -0.1 is not between 0 and 1"}},
		{name: "ratio that is no number", yaml: `{targets: [{pids: [1]}], sampler: {type: trace_id_ratio, ratio: .nan}}`, want: []string{"sampler.ratio: NaN is not between 0 and 1"}},
		{name: "ratio of a word", yaml: `{targets: [{pids: [1]}], sampler: {type: trace_id_ratio, ratio: few}}`, want: []string{"sampler.ratio"}},
		{name: "unknown key of the sampler", yaml: `{targets: [{pids: [1]}], sampler: {kind: always_on}}`, want: []string{"sampler", "kind"}},
		{name: "poll interval", yaml: `{targets: [{pids: [1]}], poll_interval: 1ms}`, want: []string{"poll_interval: 1ms"}},
		{name: "poll interval of a word", yaml: `{targets: [{pids: [1]}], poll_interval: often}`, want: []string{"poll_interval", "invalid duration"}},
		{name: "batch size", yaml: `{targets: [{pids: [1]}], batch: {max_spans: 0}}`, want: []string{"batch.max_spans: 0"}},
		{name: "batch timeout", yaml: `{targets: [{pids: [1]}], batch: {timeout: 0s}}`, want: []string{"batch.timeout: 0s"}},
		{name: "queue smaller than a batch", yaml: `{targets: [{pids: [1]}], queue_size: 1023}`, want: []string{"queue_size: 1023"}},
		{name: "several", yaml: `{targets: [{}, {executable: "[", pids: [-1]}], queue_size: 0}`, want: []string{"targets[0]: no condition", "targets[1]: executable", "targets[1]: pids: -1", "queue_size: 0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := load(t, test.yaml)
			require.Error(t, err)
			for _, want := range test.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestInstrumentationsAreOnUnlessSaidOtherwise(t *testing.T) {
	for _, test := range []struct {
		yaml string
		want bool
	}{
		{yaml: `{}`, want: true},
		{yaml: `instrumentations:`, want: true},
		{yaml: `instrumentations: {net_http_server: }`, want: true},
		{yaml: `instrumentations: {net_http_server: {}}`, want: true},
		{yaml: `instrumentations: {net_http_server: {enabled: true}}`, want: true},
		{yaml: `instrumentations: {net_http_client: {enabled: false}}`, want: true},
		{yaml: `instrumentations: {net_http_server: {enabled: false}}`, want: false},
	} {
		t.Run(test.yaml, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, parse(t, test.yaml).Unmarshal(cfg))
			assert.Equal(t, test.want, cfg.instrumentationEnabled("net_http_server"))
		})
	}
}

func TestInstrumentationOptions(t *testing.T) {
	options := []instrument.Option{{Name: "text", Values: []string{"short", "off"}}}
	for yamlText, want := range map[string]string{
		`{}`:           "",
		`{text: off}`:  "",
		`{text: long}`: "instrumentations.a.text: long is not one of short, off",
		`{text: 1}`:    "instrumentations.a.text: 1 is not one of short, off",
		`{test: off}`:  "instrumentations.a.test: no such key; there are enabled, text",
	} {
		var configured map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(yamlText), &configured))
		err := validateOptions("instrumentations.a", configured, options)
		if want == "" {
			assert.NoError(t, err, yamlText)
			continue
		}
		assert.ErrorContains(t, err, want, yamlText)
	}
}

func load(t *testing.T, text string) error {
	cfg := createDefaultConfig()
	if err := parse(t, text).Unmarshal(cfg); err != nil {
		return err
	}
	return confmap.Validate(cfg)
}

func parse(t *testing.T, text string) *confmap.Conf {
	var content map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &content))
	return confmap.NewFromStringMap(content)
}

// A database of layouts is read when the receiver starts.
func TestOffsetsFile(t *testing.T) {
	folder := t.TempDir()
	field := offsetsdb.Field{Package: "example.com/shop", Struct: "Cart", Name: "id"}
	build := offsetsdb.Build{Module: "example.com/shop", Version: "v1.0.0", Arch: "amd64"}
	sound := filepath.Join(folder, "sound.txt")
	require.NoError(t, os.WriteFile(sound, []byte("offsetsdb 1\nmodule example.com/shop\nversions v1.0.0\nstruct example.com/shop.Cart\n\tid 24 ..\n"), 0o600))
	broken := filepath.Join(folder, "broken.txt")
	require.NoError(t, os.WriteFile(broken, []byte("offsetsdb 1\nmodule example.com/shop\nversions 1.0\n"), 0o600))

	db, err := (&Config{OffsetsFile: sound}).offsets()
	require.NoError(t, err)
	offset, answer := db.Lookup(build, field)
	assert.Equal(t, uint32(24), offset)
	assert.Equal(t, offsetsdb.Known, answer)

	db, err = (&Config{}).offsets()
	require.NoError(t, err)
	_, answer = db.Lookup(build, field)
	assert.Equal(t, offsetsdb.Unknown, answer)

	for name, want := range map[string]string{
		broken:                               "offsets_file: " + broken + ":3: \"1.0\" is not a semantic version",
		filepath.Join(folder, "nowhere.txt"): "offsets_file: open ",
	} {
		config := createDefaultConfig().(*Config)
		config.OffsetsFile = name
		r, err := NewFactory().CreateTraces(t.Context(), metadatatest.NewSettings(componenttest.NewTelemetry()), config, consumertest.NewNop())
		require.NoError(t, err)
		assert.ErrorContains(t, r.Start(t.Context(), componenttest.NewNopHost()), want)
		assert.NoError(t, r.Shutdown(t.Context()))
	}
}
