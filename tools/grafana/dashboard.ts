// The dashboards that Lockstep renders, by the types that Grafana publishes: each kind of panel
// with its own options, and each query as the Prometheus data source reads it.
import type {
  AnnotationQuery, Dashboard, DataSourceRef, FieldConfig, FieldConfigSource, Panel, RowPanel,
  VariableModel,
} from "@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as timeseries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

type Fields<Custom> = Omit<FieldConfigSource, "defaults"> & {
  defaults: Omit<FieldConfig, "custom"> & { custom?: Custom };
};

type PanelOf<Type extends string, Options, Custom> =
  Omit<Panel, "type" | "datasource" | "options" | "fieldConfig" | "targets"> & {
    type: Type;
    datasource: DataSourceRef;
    options: Options;
    fieldConfig: Fields<Custom>;
    targets: Array<PrometheusQuery>;
  };

// As in @grafana/prometheus, whose other types need the whole of Grafana's user interface.
interface PrometheusQuery {
  refId: string;
  expr: string;
  instant?: boolean;
  range?: boolean;
  format?: "time_series" | "table" | "heatmap";
  legendFormat?: string;
  interval?: string;
}

type Annotation = Omit<AnnotationQuery, "target"> & {
  target: PrometheusQuery;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
};

type Variable = Omit<VariableModel, "query"> & {
  query: string | { query: string; refId: string; qryType: 0 | 1 | 2 | 3 | 4 | 5 };
};

type RenderedPanel =
  | PanelOf<"timeseries", timeseries.Options, timeseries.FieldConfig>
  | PanelOf<"stat", stat.Options, {}>
  | PanelOf<"table", table.Options, table.FieldConfig>
  | RowPanel;

export type RenderedDashboard = Omit<Dashboard, "panels" | "annotations" | "templating"> & {
  panels: Array<RenderedPanel>;
  annotations: { list: Array<Annotation> };
  templating: { list: Array<Variable> };
};
