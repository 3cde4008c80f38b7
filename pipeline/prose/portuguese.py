"""Portuguese."""

from __future__ import annotations

from pipeline.prose.phrases import Phrases

PORTUGUESE = Phrases(
    title="Leitura de {name}",
    settings="Configuração: {caption}. Os pesos estão arredondados a duas casas decimais.",
    head="Cabeça {head}",
    layer="Camada {layer}",
    itself="dá a si {weight}",
    above="mais que a parte uniforme de {share} vai para {tokens}",
    above_none="nenhum outro token recebe mais que a parte uniforme de {share}",
    rest_even="o resto é uniforme, {weight} cada ({tokens})",
    rest_spread="o resto fica entre {low} e {high} ({tokens})",
    masked="todas as chaves estão mascaradas: não atende a nada",
    alone="não tem outra chave além de si: seu peso é 1",
    level="nenhum token recebe mais que a parte uniforme de {share}",
    only="tem uma só chave: o peso de {token} é 1",
    across="As consultas olham para outra frase, cujas chaves são: {tokens}.",
    largest="os maiores pesos vão para {tokens}",
    few="De cada linha só os {count} maiores pesos foram guardados (attention.retain=top_k), e nada "
    "se diz do resto.",
    unkept="Os pesos não foram guardados (attention.retain=none), e nenhuma linha é lida; "
    "metrics.csv tem os números de cada consulta e keys.csv os de cada chave.",
    more="e mais {count}",
    notice="Aviso",
    decimal=",",
)
