//! The figures and their printed form.

use std::fmt;

/// All figures of a run.
#[derive(Default)]
pub struct FigureTable(Vec<Row>);

struct Row {
    figure: String,
    ours: String,
    baseline: String,
    ratio: f64,
    target: String,
    verdict: &'static str,
}

/// The target of a figure.
pub enum FigureTarget {
    /// The minimum of koohook's figure divided by the baseline.
    RatioAtLeast(f64),
    /// The maximum of koohook's figure divided by the baseline.
    RatioAtMost(f64),
    /// The minimum of koohook's figure.
    AtLeast(f64),
    /// The maximum of koohook's figure.
    AtMost(f64),
    /// No target: the figure explains another one.
    None,
}

impl FigureTable {
    /// Adds a figure and its baseline, in the same unit. If both were measured in pairs, the ratio
    /// is the median of the pairs' ratios. It may then differ from the ratio of the two figures.
    pub fn add(
        &mut self,
        figure: &str,
        [ours, baseline]: [f64; 2],
        ratio: f64,
        target: FigureTarget,
    ) {
        let (target, met) = match target {
            FigureTarget::RatioAtLeast(least) => {
                (format!("ratio >= {least:.2}"), Some(ratio >= least))
            }
            FigureTarget::RatioAtMost(most) => (format!("ratio <= {most:.2}"), Some(ratio <= most)),
            FigureTarget::AtLeast(least) => (format!(">= {least:.0}"), Some(ours >= least)),
            FigureTarget::AtMost(most) => (format!("<= {most:.0}"), Some(ours <= most)),
            FigureTarget::None => (String::new(), None),
        };
        self.0.push(Row {
            figure: figure.to_owned(),
            ours: number(ours),
            baseline: number(baseline),
            ratio,
            target,
            verdict: verdict(met),
        });
    }

    /// Adds a size that may exceed its baseline by at most `most`.
    pub fn growth(&mut self, figure: &str, ours: u64, baseline: u64, most: u64) {
        let [large, small] =
            [ours, baseline].map(|size| f64::from(u32::try_from(size).unwrap_or(u32::MAX)));
        self.0.push(Row {
            figure: figure.to_owned(),
            ours: ours.to_string(),
            baseline: baseline.to_string(),
            ratio: large / small,
            target: format!("+{} of {most}", ours.saturating_sub(baseline)),
            verdict: verdict(Some(ours <= baseline + most)),
        });
    }
}

/// The median. For an even number of values, it is the upper of the middle two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The median of each side, and the median of the pairs' ratios.
pub fn paired(ours: Vec<f64>, baseline: Vec<f64>) -> ([f64; 2], f64) {
    let pairs = ours.iter().zip(&baseline);
    let ratio = median(pairs.map(|(ours, baseline)| ours / baseline).collect());
    ([ours, baseline].map(median), ratio)
}

impl fmt::Display for FigureTable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |formatter: &mut fmt::Formatter<'_>, cells: [&str; 6]| {
            let [figure, ours, baseline, ratio, target, verdict] = cells;
            writeln!(
                formatter,
                "{figure:<52} {ours:>9} {baseline:>9} {ratio:>6}  {target:<14} {verdict}"
            )
        };
        line(formatter, ["figure / baseline", "ours", "baseline", "ratio", "target", ""])?;
        for row in &self.0 {
            let ratio = format!("{:.2}", row.ratio);
            let Row { figure, ours, baseline, target, verdict, .. } = row;
            line(formatter, [figure, ours, baseline, &ratio, target, verdict])?;
        }
        Ok(())
    }
}

fn number(value: f64) -> String {
    if value < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

const fn verdict(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "met",
        Some(false) => "MISSED",
        None => "",
    }
}
